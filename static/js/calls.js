// @ts-check
// What a person can do about an answer's steps: allow a tool call, refuse it, change its arguments first, copy
// what it was given and gave back, end the thinking, have the answer made again with a search.

import { onAction } from "./actions.js";
import { announce } from "./announcer.js";
import { copy } from "./clipboard.js";
import { chosen } from "./options.js";
import { ask } from "./outbox.js";
import { article, slot } from "./page.js";
import { toEnd } from "./scroll.js";
import { toast } from "./toasts.js";
import { say } from "./words.js";

/** @param {HTMLElement} button @returns {HTMLElement | null} */
const lineOf = (button) => button.closest("[data-call]:is(li)");

/** @param {ParentNode} root @param {string} name */
const part = (root, name) => /** @type {HTMLElement | null} */ (slot(root, name));

/**
 * The decision goes to the server; the line changes when the server says so, in every tab.
 * @param {HTMLElement} button @param {{ approved: boolean, arguments?: string }} decision
 */
async function decide(button, decision) {
  const line = lineOf(button);
  if (!line) return;
  const buttons = line.querySelectorAll("button");
  complain(line, "");
  for (const one of buttons) one.setAttribute("aria-disabled", "true");
  try {
    await ask({ type: "approve", call: line.dataset.call, ...decision });
  } catch (error) {
    for (const one of buttons) one.removeAttribute("aria-disabled");
    const { message } = /** @type {{ message?: string }} */ (error);
    if (line.isConnected && part(line, "call-error")) complain(line, message || say("failed"));
    else toast(message || say("failed"));
  }
}

/** @param {HTMLElement} line @param {string} text */
function complain(line, text) {
  const place = part(line, "call-error");
  const field = line.querySelector("textarea");
  if (!place) return;
  place.textContent = text;
  place.hidden = !text;
  if (text && !part(line, "edit")?.hidden) {
    field?.setAttribute("aria-invalid", "true");
    field?.focus();
  } else field?.removeAttribute("aria-invalid");
}

/** @param {HTMLElement} line @param {boolean} editing */
function edit(line, editing) {
  for (const [name, shown] of /** @type {[string, boolean][]} */ ([
    ["edit", editing],
    ["asked", !editing],
    ["decide", !editing],
  ])) {
    const place = part(line, name);
    if (place) place.hidden = !shown;
  }
  complain(line, "");
  const next = editing ? line.querySelector("textarea") : line.querySelector('[data-action="edit-call"]');
  /** @type {HTMLElement | null} */ (next)?.focus();
}

/**
 * The arguments in the field, as they were written: a number read and written here would lose digits. Null after
 * saying what is wrong with them.
 * @param {HTMLElement} line
 */
function edited(line) {
  const text = line.querySelector("textarea")?.value || "{}";
  try {
    const value = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return text;
    complain(line, say("argumentsNotObject"));
  } catch {
    complain(line, say("argumentsNotJson"));
  }
  return null;
}

onAction("approve", (button) => decide(button, { approved: true }));
onAction("refuse", (button) => decide(button, { approved: false }));
onAction("edit-call", (button) => {
  const line = lineOf(button);
  if (line) edit(line, true);
});
onAction("edit-call-cancel", (button) => {
  const line = lineOf(button);
  const field = line?.querySelector("textarea");
  if (field) field.value = field.defaultValue;
  if (line) edit(line, false);
});
onAction("approve-edited", (button) => {
  const line = lineOf(button);
  const value = line && edited(line);
  if (value) decide(button, { approved: true, arguments: value });
});
document.addEventListener("submit", (event) => {
  if (event.target instanceof Element && event.target.matches('[data-slot="edit"]')) event.preventDefault();
});
document.addEventListener("keydown", (event) => {
  const field = event.target instanceof HTMLTextAreaElement ? event.target : null;
  const line = field?.classList.contains("tool__json") ? lineOf(field) : null;
  if (!line || event.isComposing) return;
  const name = event.key === "Escape" ? "edit-call-cancel" : "approve-edited";
  if (event.key !== "Escape" && !(event.key === "Enter" && (event.ctrlKey || event.metaKey))) return;
  event.preventDefault();
  event.stopPropagation(); // Escape would stop the answer
  /** @type {HTMLElement | null} */ (line.querySelector(`[data-action="${name}"]`))?.click();
}, true);

onAction("copy-pane", (button) => {
  const pane = button.closest(".tool__pane")?.querySelector("pre");
  if (pane) copy(button, pane.textContent ?? "");
});

onAction("answer-now", async (button) => {
  button.setAttribute("aria-disabled", "true");
  try {
    await ask({ type: "answer_now", message: button.dataset.message });
    announce(say("answeringNow"));
  } catch (error) {
    toast(/** @type {{ message?: string }} */ (error).message || say("failed"));
  } finally {
    button.removeAttribute("aria-disabled");
  }
});

onAction("search-again", async (button) => {
  const message = button.dataset.message ?? "";
  const options = { ...chosen() };
  delete options.models; // one more answer beside this one, not another comparison
  const shown = article(message);
  if (shown && "lanes" in shown.dataset) options.model = shown.dataset.model;
  const wishes = options.search && typeof options.search === "object" ? { ...options.search } : {};
  // Searching in steps the model decides for itself: there nothing can be forced.
  if (String(/** @type {any} */ (wishes).search_strategy ?? "").startsWith("agent")) {
    delete /** @type {any} */ (wishes).search_strategy;
  }
  options.search = { ...wishes, forced_search: true };
  button.setAttribute("aria-disabled", "true");
  try {
    const ack = await ask({ type: "regenerate", message, options, cut: true });
    const answer = article(ack.messages?.find((one) => one.role === "assistant")?.id ?? "");
    if (answer && (document.activeElement === document.body || button.contains(document.activeElement))) {
      answer.tabIndex = -1;
      answer.focus({ preventScroll: true });
    }
    toEnd();
  } catch (error) {
    toast(/** @type {{ message?: string }} */ (error).message || say("failed"));
  } finally {
    button.removeAttribute("aria-disabled");
  }
});
