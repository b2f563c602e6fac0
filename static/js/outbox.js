// @ts-check
// Commands that must not be lost: kept, also over a reload of the tab, until the server has acknowledged
// them, and sent again with the same `request` after each reconnect. The server carries out each `request`
// once, so sending again is safe.

import { newId, user } from "./page.js";
import { isReady, on, tell } from "./socket.js";
import { ofTab } from "./stored.js";
import { say } from "./words.js";

/**
 * @typedef {{ type: string, request: string } & Record<string, any>} Command
 * @typedef {{ request: string, conversation?: string, messages?: any[] }} Ack
 * @typedef {{ code: string, message: string, field?: string, retry_after?: number }} Refusal
 * @typedef {{ command: Command, at: number, sent: boolean, answered: Promise<Ack>,
 *   resolve: (ack: Ack) => void, reject: (error: Refusal) => void }} Waiting
 */

const LONGEST_FRAME = 1_000_000; // characters; the server's limit is 1 MiB a frame
const FORGET_MS = 24 * 3600 * 1000;

/** @type {Map<string, Waiting>} */
const waiting = new Map();
const key = () => `outbox:${user()}`;

function keep() {
  const kept = [...waiting.values()].map(({ command, at }) => ({ command, at }));
  ofTab.set(key(), kept.length ? kept : null);
}

/** @param {Command} command @param {number} at */
function enter(command, at) {
  const entry = /** @type {Waiting} */ ({ command, at, sent: false });
  entry.answered = new Promise((resolve, reject) => Object.assign(entry, { resolve, reject }));
  entry.answered.catch(() => {}); // who asked hears of it; a restored command may have nobody
  waiting.set(command.request, entry);
  return entry;
}

/**
 * Sends a command until it is acknowledged; rejects with the server's refusal.
 * @param {{ type: string } & Record<string, any>} command
 * @returns {Promise<Ack>}
 */
export function ask(command) {
  const whole = { request: newId(), ...command };
  if (JSON.stringify(whole).length > LONGEST_FRAME) {
    return Promise.reject({ code: "too_large", message: say("tooLong"), field: "text" });
  }
  const twin = waiting.get(whole.request);
  if (twin) return twin.answered;
  const entry = enter(whole, Date.now());
  keep();
  entry.sent = tell(whole);
  return entry.answered;
}

/** What is not acknowledged yet. @returns {{ command: Command, answered: Promise<Ack> }[]} */
export const unanswered = () => [...waiting.values()];

/** @param {string} request @returns {Waiting | undefined} */
function taken(request) {
  const entry = waiting.get(request);
  waiting.delete(request);
  if (entry) keep();
  return entry;
}

on("ready", () => {
  for (const entry of waiting.values()) entry.sent = tell(entry.command);
});
on("ack", (ack) => taken(ack.request)?.resolve(ack));
on("error", (error) => error.request && taken(error.request)?.reject(error));
on("down", ({ code }) => {
  // 1009: the server found a frame too large. It would close again, so the largest is not sent again.
  if (code !== 1009) return;
  const [largest] = [...waiting.values()].sort((a, b) => weight(b) - weight(a));
  if (largest) {
    taken(largest.command.request)?.reject({ code: "too_large", message: say("tooLong"), field: "text" });
  }
});

/** @param {Waiting} entry */
const weight = ({ command }) => JSON.stringify(command).length;

for (const { command, at } of ofTab.get(key()) ?? []) {
  if (Date.now() - at < FORGET_MS) enter(command, at).sent = isReady() && tell(command);
}
keep();
