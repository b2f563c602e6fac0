// @ts-check
// What is typed and not sent, per person and conversation, in the browser: survives reload and crash.

import { onAction } from "./actions.js";
import { conversation, user } from "./page.js";
import { lasting } from "./stored.js";

const PAUSE_MS = 300;

/** @param {string} [of] a conversation's id; "" for a new chat */
export const draftKey = (of = conversation()) => `draft:${user()}:${of || "new"}`;

/**
 * @typedef {import("./shelf.js").Ref} Ref
 * @typedef {{ text: string, files: Ref[] }} Draft
 */

/** @type {Map<string, Draft & { timer: ReturnType<typeof setTimeout> }>} */
const unsaved = new Map();

/** @param {string} key @returns {string} */
export const draft = (key) => whole(key).text;

/** The text with the files beside it. @param {string} key @returns {Draft} */
export function whole(key) {
  const kept = unsaved.get(key) ?? lasting.get(key);
  if (typeof kept === "string") return { text: kept, files: [] };
  const files = Array.isArray(kept?.files) ? kept.files.filter((/** @type {any} */ file) => typeof file?.id === "string") : [];
  return { text: typeof kept?.text === "string" ? kept.text : "", files };
}

/** Keeps a text, soon. @param {string} key @param {string} text @param {Ref[]} [files] */
export function keep(key, text, files = []) {
  clearTimeout(unsaved.get(key)?.timer);
  unsaved.set(key, { text, files, timer: setTimeout(() => write(key), PAUSE_MS) });
}

/** Keeps a text now, or forgets it ("" ). @param {string} key @param {string} text @param {Ref[]} [files] */
export function keepNow(key, text, files = []) {
  keep(key, text, files);
  write(key);
}

/** @param {string} key */
function write(key) {
  const entry = unsaved.get(key);
  if (!entry) return;
  clearTimeout(entry.timer);
  unsaved.delete(key);
  const { text, files } = entry;
  lasting.set(key, files.length ? { text, files } : text || null);
}

function flush() {
  for (const key of [...unsaved.keys()]) write(key);
}

addEventListener("pagehide", flush);
document.addEventListener("visibilitychange", () => document.visibilityState === "hidden" && flush());
onAction("reload", () => {
  flush();
  location.reload();
});
