// @ts-check
// What is typed and not sent, per person and conversation, in the browser: survives reload and crash.

import { onAction } from "./actions.js";
import { conversation, user } from "./page.js";
import { lasting } from "./stored.js";

const PAUSE_MS = 300;

/** @param {string} [of] a conversation's id; "" for a new chat */
export const draftKey = (of = conversation()) => `draft:${user()}:${of || "new"}`;

/** @type {Map<string, { text: string, timer: ReturnType<typeof setTimeout> }>} */
const unsaved = new Map();

/** @param {string} key @returns {string} */
export function draft(key) {
  const text = unsaved.get(key)?.text ?? lasting.get(key);
  return typeof text === "string" ? text : "";
}

/** Keeps a text, soon. @param {string} key @param {string} text */
export function keep(key, text) {
  clearTimeout(unsaved.get(key)?.timer);
  unsaved.set(key, { text, timer: setTimeout(() => write(key), PAUSE_MS) });
}

/** Keeps a text now, or forgets it ("" ). @param {string} key @param {string} text */
export function keepNow(key, text) {
  keep(key, text);
  write(key);
}

/** @param {string} key */
function write(key) {
  const entry = unsaved.get(key);
  if (!entry) return;
  clearTimeout(entry.timer);
  unsaved.delete(key);
  lasting.set(key, entry.text || null);
}

export function flush() {
  for (const key of [...unsaved.keys()]) write(key);
}

addEventListener("pagehide", flush);
document.addEventListener("visibilitychange", () => document.visibilityState === "hidden" && flush());
onAction("reload", () => {
  flush();
  location.reload();
});
