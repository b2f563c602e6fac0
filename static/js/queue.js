// @ts-check
// The text that waits until the running answer ends. Kept for this tab over a reload, with the `request` it
// will be sent under, so that a copy of the tab sends the same message and not a second one.

import { onAction } from "./actions.js";
import { announce } from "./announcer.js";
import { conversation, newId, slot, user } from "./page.js";
import { ofTab } from "./stored.js";
import { say } from "./words.js";

/** @typedef {{ request: string, text: string, options: Record<string, unknown> }} Queued */

const key = (of = conversation()) => `queue:${user()}:${of || "new"}`;
/** @type {Queued | null} */
let queued = ofTab.get(key());

/** @returns {Queued | null} */
export const waitingText = () => queued;

/** @param {string} text @param {Record<string, unknown>} options */
export function enqueue(text, options) {
  const whole = queued ? `${queued.text}\n\n${text}` : text;
  put({ request: newId(), text: whole, options });
  announce(say("queued"));
}

/** Takes the text out of the queue. @returns {Queued | null} */
export function dequeue() {
  const taken = queued;
  put(null);
  return taken;
}

/** @param {Queued | null} next */
function put(next) {
  queued = next;
  ofTab.set(key(), queued);
  show();
}

function show() {
  const line = /** @type {HTMLElement | null} */ (document.querySelector(".queue"));
  if (!line) return;
  const text = slot(line, "queued");
  if (text) text.textContent = queued?.text ?? "";
  if (!queued && line.contains(document.activeElement)) document.getElementById("composer-text")?.focus();
  line.hidden = !queued;
}

onAction("remove-queued", () => {
  put(null);
  announce(say("unqueued"));
});
document.addEventListener("conversation:adopted", () => {
  ofTab.set(key(""), null);
  ofTab.set(key(), queued);
});
show();
