// @ts-check
// The message box: what is typed is sent once, shown at once, and never lost. It leaves the box when it
// is sent, stays a draft until the server has acknowledged it, and comes back if the server refuses.

import { onAction } from "./actions.js";
import { announce } from "./announcer.js";
import { isElsewhere } from "./conversation.js";
import { draft, draftKey, keep, keepNow } from "./drafts.js";
import { isEnter } from "./keys.js";
import { chosen, refuse } from "./options.js";
import { ask, unanswered } from "./outbox.js";
import { conversation, messages, newId, running, slot, thread } from "./page.js";
import { dequeue, enqueue, waitingText } from "./queue.js";
import { toEnd } from "./scroll.js";
import { on } from "./socket.js";
import { say } from "./words.js";

/** @typedef {import("./outbox.js").Ack} Ack @typedef {import("./outbox.js").Refusal} Refusal */

const form = /** @type {HTMLFormElement | null} */ (document.getElementById("composer"));
const box = /** @type {HTMLTextAreaElement | null} */ (document.getElementById("composer-text"));
const BUSY_MS = 2_000;
const DOUBLE_CLICK_MS = 500; // the longest that common systems wait for a second click
/** @type {{ request: string, text: string } | null} */
let sending = null;
let stopWhenStarted = false;
let sentByPointer = -Infinity;
let key = draftKey();

/** Sends what is in the box, or queues it behind the answer that runs. */
function submit() {
  const text = box?.value ?? "";
  if (!box || !text.trim()) return;
  fail("");
  write("");
  if (sending || running().length) {
    enqueue(text, chosen());
    keepDraft(true);
  } else dispatch(text, chosen(), newId());
  box.focus();
}

/** @param {string} text @param {Record<string, unknown>} options @param {string} request */
function dispatch(text, options, request) {
  const parent = isElsewhere() ? thread()?.dataset.leaf || null : null; // null: the current branch
  const place = { conversation: conversation() || null, parent };
  const answered = ask({ type: "send", request, ...place, text, attachments: [], options, cut: true });
  follow(request, text, answered);
}

/** @param {string} request @param {string} text @param {Promise<Ack>} answered */
function follow(request, text, answered) {
  sending = { request, text };
  keepDraft(true);
  showPending(request, text);
  answered.then(taken, (error) => refused(text, error)).then(() => next(), update);
  update();
}

/** @param {Ack} ack */
function taken(ack) {
  sending = null;
  keepDraft(true);
  if (stopWhenStarted) for (const message of ack.messages ?? []) if (message.role === "assistant") stop(message.id);
  stopWhenStarted = false;
}

/** @param {string} text @param {Refusal} error */
function refused(text, error) {
  const options = chosen();
  pending(sending?.request ?? "")?.remove();
  sending = null;
  stopWhenStarted = false;
  if (error.code === "busy") {
    // Another tab was first: after its answer, which this page is about to hear of.
    enqueue(text, options);
    later = setTimeout(() => next(true), BUSY_MS);
    throw error;
  }
  write(box?.value ? `${text}\n\n${box.value}` : text);
  keepDraft(true);
  refuse(error.field, error.message);
  fail(error.message, error.retry_after);
}

// ---- what is shown ----

/** @param {string} request @returns {HTMLElement | null} */
const pending = (request) => document.querySelector(`[data-request="${CSS.escape(request)}"]`);

/**
 * The question, at once, until the server's own fragment takes its place.
 * @param {string} request @param {string} text
 */
function showPending(request, text) {
  const template = /** @type {HTMLTemplateElement | null} */ (document.getElementById("t-pending"));
  const bubble = /** @type {HTMLElement | undefined} */ (template?.content.firstElementChild?.cloneNode(true));
  if (!bubble || pending(request)) return;
  bubble.dataset.request = request;
  const place = slot(bubble, "text") ?? bubble.querySelector(".bubble");
  if (place) place.textContent = text;
  thread()?.append(bubble);
  toEnd();
}

document.addEventListener("thread:acknowledged", (event) => {
  pending(/** @type {CustomEvent} */ (event).detail)?.remove();
  toEnd();
});

/** @type {ReturnType<typeof setInterval> | undefined} */
let countdown;

/** The error beneath the text; "" takes it away. @param {string} message @param {number} [wait] seconds */
function fail(message, wait) {
  const line = form && slot(form, "error");
  clearInterval(countdown);
  if (!line || !box) return;
  line.hidden = !message;
  line.textContent = message;
  box.toggleAttribute("aria-invalid", !!message);
  if (!message) return;
  announce(message);
  if (!wait) return;
  const until = Date.now() + wait * 1000;
  const tick = () => {
    const seconds = Math.ceil((until - Date.now()) / 1000);
    line.textContent = seconds > 0 ? `${message} ${say("tryAgainIn", { seconds })}` : message;
    if (seconds <= 0) clearInterval(countdown);
  };
  countdown = setInterval(tick, 1000);
  tick();
}

/** @param {string} text */
function write(text) {
  if (!box) return;
  box.value = text;
  typed();
}

/** @param {boolean} [now] */
function keepDraft(now = false) {
  // While a text is on its way it is part of the draft: a crash must not lose it.
  const parts = [sending?.text, box?.value].filter((part) => part);
  (now ? keepNow : keep)(key, parts.join("\n\n"));
}

const sizesItself = globalThis.CSS?.supports?.("field-sizing", "content");

function typed() {
  if (!box) return;
  if (!sizesItself) {
    box.style.blockSize = "auto"; // through the object model, which the policy allows
    box.style.blockSize = `${box.scrollHeight}px`;
  }
  update();
}

function update() {
  if (!form || !box) return;
  const runs = running().length > 0;
  const busy = runs || !!sending;
  const empty = !box.value.trim();
  const send = /** @type {HTMLButtonElement | null} */ (form.querySelector('[data-action="send"]'));
  const halt = /** @type {HTMLButtonElement | null} */ (form.querySelector('[data-action="stop"]'));
  const focused = document.activeElement;
  if (halt) halt.hidden = !busy;
  if (send) {
    send.disabled = empty;
    send.hidden = busy && empty;
  }
  if ((focused === halt && halt?.hidden) || (focused === send && (send?.hidden || send?.disabled))) box.focus();
  for (const [name, hidden] of [["idle", busy], ["running", !busy]]) {
    for (const hint of document.querySelectorAll(`[data-slot="hint-${name}"]`)) hint.toggleAttribute("hidden", !!hidden);
  }
}

// ---- the answer that runs ----

/** @param {string} message */
function stop(message) {
  ask({ type: "stop", message }).catch(() => {}); // it had ended, or is gone: nothing to stop
}

/** Stops whatever is being answered here. @returns {boolean} whether there was anything */
export function stopAll() {
  const answers = running();
  for (const answer of answers) stop(answer.dataset.message ?? "");
  if (sending && !answers.length) stopWhenStarted = true;
  return answers.length > 0 || !!sending;
}

/** @type {ReturnType<typeof setTimeout> | undefined} */
let later;

/** When nothing runs any more, the queued text has its turn. @param {boolean} [waited] */
function next(waited = false) {
  update();
  if (sending || running().length || !waitingText()) return;
  clearTimeout(later);
  const last = messages().at(-1);
  // A question from another tab: its answer is about to come.
  if (last?.dataset.role === "user" && !waited) return void (later = setTimeout(() => next(true), BUSY_MS));
  const queued = dequeue();
  if (!queued) return;
  if (last?.dataset.status === "failed") return write([queued.text, box?.value].filter((part) => part).join("\n\n"));
  dispatch(queued.text, queued.options, queued.request);
}

// ---- wiring ----

if (form && box) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    submit();
  });
  box.addEventListener("keydown", (event) => {
    if (!isEnter(event)) return;
    event.preventDefault();
    if (!event.repeat) submit();
  });
  box.addEventListener("input", () => {
    fail("");
    typed();
    keepDraft();
  });
  onAction("send", (_button, event) => {
    if (event.detail > 0) sentByPointer = performance.now();
    submit();
  });
  onAction("stop", (button, event) => {
    if (button.dataset.message) return void stop(button.dataset.message);
    // Stop takes Send's place under the pointer: the second half of a double click is not meant for it.
    const isSecond = event.detail > 0 && performance.now() - sentByPointer < DOUBLE_CLICK_MS;
    if (!isSecond) stopAll();
  });
  onAction("edit-queued", () => {
    const queued = dequeue();
    if (queued) write([queued.text, box.value].filter((part) => part).join("\n\n"));
    keepDraft(true);
    box.focus();
  });
  onAction("suggest", (button) => {
    write(button.dataset.text ?? "");
    keepDraft();
    box.focus();
    box.setSelectionRange(box.value.length, box.value.length);
  });
  document.addEventListener("thread:changed", () => next());
  on("opened", () => next());
  document.addEventListener("conversation:adopted", () => {
    keepNow(key, "");
    key = draftKey();
    keepDraft(true);
  });
  restore();
}

/** After a reload: what was on its way still is, the rest is in the box. */
function restore() {
  let text = draft(key);
  for (const { command, answered } of unanswered()) {
    if (command.type !== "send" || command.parent || (command.conversation ?? "") !== conversation()) continue;
    if (text.startsWith(command.text)) text = text.slice(command.text.length).replace(/^\n\n/, "");
    write(text);
    follow(command.request, command.text, answered);
  }
  // The last question, acknowledged after the tab had crashed, is no draft any more.
  const asked = messages().filter((message) => message.dataset.role === "user").at(-1);
  if (!sending && asked && text === slot(asked, "text")?.textContent) text = "";
  if (box && box.value && !text) text = box.value; // typed before this script ran
  write(text);
}

/** Something about a message came back refused. @param {Refusal} error */
export function showError(error) {
  refuse(error.field, error.message);
  fail(error.message, error.retry_after);
}

