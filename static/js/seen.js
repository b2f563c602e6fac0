// @ts-check
// Flow control: tells the server what this page has shown, after the frame that painted it, so that it
// may hold back for a page that cannot keep up. At most every 250 ms a message.

import { on, tell } from "./socket.js";

const PAUSE_MS = 250;

/** @type {Map<string, { seq: number, told: boolean, timer?: ReturnType<typeof setTimeout> }>} */
const progress = new Map();

/**
 * @param {string} message
 * @param {number} seq the newest event of it that the page shows
 */
export function painted(message, seq) {
  if (document.visibilityState === "hidden") return note(message, seq); // nothing is painted there
  requestAnimationFrame(() => note(message, seq));
}

/** @param {string} message @param {number} seq */
export function note(message, seq) {
  const entry = progress.get(message) ?? { seq, told: false };
  progress.set(message, entry);
  entry.seq = Math.max(entry.seq, seq);
  entry.told = false;
  if (entry.timer === undefined) report(message, entry);
}

/** @param {string} message @param {{ seq: number, told: boolean, timer?: any }} entry */
function report(message, entry) {
  entry.timer = undefined;
  if (entry.told) return void progress.delete(message);
  if (!tell({ type: "seen", message, seq: entry.seq })) return;
  entry.told = true;
  entry.timer = setTimeout(() => report(message, entry), PAUSE_MS);
}

on("down", () => {
  for (const { timer } of progress.values()) clearTimeout(timer);
  progress.clear(); // a new connection starts with a snapshot
});
