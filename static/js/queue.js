// @ts-check
// The message that waits until the running answer ends, with its files. Kept for this tab over a reload, with
// the `request` it will be sent under, so that a copy of the tab sends the same message and not a second one.

import { onAction } from "./actions.js";
import { announce } from "./announcer.js";
import { conversation, newId, slot, user } from "./page.js";
import { ofTab } from "./stored.js";
import { say } from "./words.js";

/**
 * @typedef {import("./shelf.js").Ref} Ref
 * @typedef {{ request: string, text: string, options: Record<string, any>, files?: Ref[] }} Queued
 */

const key = (of = conversation()) => `queue:${user()}:${of || "new"}`;
/** @type {Queued | null} */
let queued = ofTab.get(key());

/** @returns {Queued | null} */
export const waitingText = () => queued;

/** @param {string} text @param {Record<string, any>} options @param {Ref[]} [files] */
export function enqueue(text, options, files = []) {
  const whole = [queued?.text, text].filter((part) => part).join("\n\n");
  const deliveries = { ...queued?.options.deliveries, ...options.deliveries };
  const together = Object.keys(deliveries).length ? { ...options, deliveries } : options;
  put({ request: newId(), text: whole, options: together, files: [...(queued?.files ?? []), ...files] });
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
  const names = (queued?.files ?? []).map((file) => file.name).join(", ");
  if (text) text.textContent = [queued?.text, names].filter(Boolean).join(" · ");
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
