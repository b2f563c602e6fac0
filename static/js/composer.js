// @ts-check
// The message box: what is typed is sent once, shown at once, and never lost. It leaves the box when it
// is sent, stays a draft until the server has acknowledged it, and comes back if the server refuses.

import { onAction } from "./actions.js";
import { announce } from "./announcer.js";
import { fail } from "./complaint.js";
import { isElsewhere } from "./conversation.js";
import { wanted } from "./deliveries.js";
import { draftKey, keep, keepNow, whole } from "./drafts.js";
import { isEnter, isTouch } from "./keys.js";
import { recognizeAgain, recognized } from "./ocr.js";
import { refuse } from "./options.js";
import { ask, unanswered } from "./outbox.js";
import { conversation, messages, newId, running, slot, thread } from "./page.js";
import { filesOf, pending, showPending } from "./pending.js";
import { dequeue, enqueue, waitingText } from "./queue.js";
import { toEnd } from "./scroll.js";
import * as shelf from "./shelf.js";
import { on } from "./socket.js";
import { say } from "./words.js";

/**
 * @typedef {import("./outbox.js").Ack} Ack @typedef {import("./outbox.js").Refusal} Refusal
 * @typedef {import("./shelf.js").Ref} Ref
 */

const form = /** @type {HTMLFormElement | null} */ (document.getElementById("composer"));
const box = /** @type {HTMLTextAreaElement | null} */ (document.getElementById("composer-text"));
const BUSY_MS = 2_000;
const DOUBLE_CLICK_MS = 500; // the longest that common systems wait for a second click
/** @type {{ request: string, text: string, files: Ref[] } | null} */
let sending = null;
let armed = false; // to be sent as soon as the files are ready
let stopWhenStarted = false;
let sentByPointer = -Infinity;
let key = draftKey();

/** Sends what is in the box with its files, or queues it behind the answer that runs. */
function submit() {
  const text = box?.value ?? "";
  if (!box || (!text.trim() && !shelf.all().length)) return arm(false);
  const [broken] = shelf.failed();
  if (broken) return fail(say("failedFileFirst", { name: broken.name }));
  if (shelf.unfinished().length) return arm(true);
  arm(false);
  fail("");
  const files = shelf.take();
  const options = wanted(files);
  write("");
  if (sending || running().length) {
    enqueue(text, options, files);
    keepDraft(true);
  } else dispatch(text, options, newId(), files);
  recognized();
  box.focus();
}

/** Sends by itself once the files are ready, or does not any more. @param {boolean} on */
function arm(on) {
  if (armed === on) return;
  armed = on;
  const note = /** @type {HTMLElement | null} */ (document.getElementById("armed"));
  if (note?.contains(document.activeElement)) box?.focus();
  if (note) note.hidden = !on;
  if (on) announce(say("sendsWhenReady"));
}

document.addEventListener("files:changed", () => {
  if (armed && shelf.failed().length) {
    arm(false);
    announce(say("notSentYet"));
  } else if (armed && !shelf.unfinished().length) return submit();
  update();
  keepDraft();
});

/** @param {string} text @param {Record<string, unknown>} options @param {string} request @param {Ref[]} [files] */
function dispatch(text, options, request, files = []) {
  const parent = isElsewhere() ? thread()?.dataset.leaf || null : null; // null: the current branch
  const place = { conversation: conversation() || null, parent };
  const attachments = files.map((file) => file.id);
  const answered = ask({ type: "send", request, ...place, text, attachments, options, cut: true });
  follow({ request, text, files }, options, answered);
}

/**
 * @param {{ request: string, text: string, files: Ref[] }} message @param {Record<string, unknown>} options
 * @param {Promise<Ack>} answered
 */
function follow(message, options, answered) {
  sending = message;
  keepDraft(true);
  showPending(message.request, message.text, message.files);
  answered.then(taken, (error) => refused(message, options, error)).then(() => next(), update);
  update();
}

/** @param {Ack} ack */
function taken(ack) {
  sending = null;
  keepDraft(true);
  if (stopWhenStarted) for (const message of ack.messages ?? []) if (message.role === "assistant") stop(message.id);
  stopWhenStarted = false;
}

/**
 * @param {{ request: string, text: string, files: Ref[] }} message @param {Record<string, unknown>} options
 * @param {Refusal} error
 */
function refused({ request, text, files }, options, error) {
  pending(request)?.remove();
  sending = null;
  stopWhenStarted = false;
  if (error.code === "busy") {
    // Another tab was first: after its answer, which this page is about to hear of.
    enqueue(text, options, files);
    later = setTimeout(() => next(true), BUSY_MS);
    throw error;
  }
  bringBack(text, files, options);
  keepDraft(true);
  refuse(error.field, error.message);
  fail(error.message, error.retry_after);
}

/**
 * What was not sent is to be written on.
 * @param {string} text @param {Ref[]} [files] @param {Record<string, unknown>} [options]
 */
function bringBack(text, files = [], options = {}) {
  write([text, box?.value].filter((part) => part).join("\n\n"));
  recognizeAgain(options);
  shelf.put(files);
}

// ---- what is shown ----

document.addEventListener("thread:acknowledged", (event) => {
  pending(/** @type {CustomEvent} */ (event).detail)?.remove();
  toEnd();
});

/** @param {string} text */
function write(text) {
  if (!box) return;
  box.value = text;
  typed();
}

/** @param {boolean} [now] */
function keepDraft(now = false) {
  // While a message is on its way it is part of the draft: a crash must not lose it.
  const parts = [sending?.text, box?.value].filter((part) => part);
  (now ? keepNow : keep)(key, parts.join("\n\n"), [...(sending?.files ?? []), ...shelf.refs()]);
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
  const empty = !box.value.trim() && !shelf.all().length;
  const send = /** @type {HTMLButtonElement | null} */ (form.querySelector('[data-action="send"]'));
  const halt = /** @type {HTMLButtonElement | null} */ (form.querySelector('[data-action="stop"]'));
  const focused = document.activeElement;
  if (halt) halt.hidden = !busy;
  if (send) {
    const waits = shelf.failed().length ? "sendNeedsFiles" : shelf.unfinished().length ? "sendWaits" : "";
    // Where Enter does not send, the button says why it waits, and sends by itself later.
    send.disabled = empty || (!!waits && !isTouch());
    send.hidden = busy && empty;
    send.title = say(waits || "sendByEnter");
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
  if (last?.dataset.status === "failed") return bringBack(queued.text, queued.files, queued.options);
  dispatch(queued.text, queued.options, queued.request, queued.files);
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
    arm(false); // half a sentence is not to leave by itself
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
    if (queued) bringBack(queued.text, queued.files, queued.options);
    keepDraft(true);
    box.focus();
  });
  onAction("disarm", () => {
    arm(false);
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

// Words that another part of the page wants to be asked about, such as a line that OCR read.
document.addEventListener("composer:insert", (event) => {
  if (!box) return;
  const { text } = /** @type {CustomEvent} */ (event).detail;
  write((box.value.trim() ? `${box.value.trimEnd()}\n\n` : "") + text);
  keepDraft();
  box.focus();
  box.setSelectionRange(box.value.length, box.value.length);
});

/** After a reload: what was on its way still is, the rest is in the box. */
function restore() {
  let { text, files } = whole(key);
  for (const { command, answered } of unanswered()) {
    if (command.type !== "send" || command.parent || (command.conversation ?? "") !== conversation()) continue;
    if (text.startsWith(command.text)) text = text.slice(command.text.length).replace(/^\n\n/, "");
    const ids = /** @type {string[]} */ (command.attachments ?? []);
    const sent = ids.map((id) => files.find((file) => file.id === id) ?? { id, name: "", kind: "", size: 0 });
    files = files.filter((file) => !ids.includes(file.id));
    write(text);
    follow({ request: command.request, text: command.text, files: sent }, command.options, answered);
  }
  // The last question, acknowledged after the tab had crashed, is no draft any more.
  const asked = messages().filter((message) => message.dataset.role === "user").at(-1);
  if (!sending && asked && text === (slot(asked, "text")?.textContent ?? "") && sameFiles(asked, files)) {
    text = "";
    files = [];
  }
  if (box && box.value && !text) text = box.value; // typed before this script ran
  write(text);
  shelf.put(files, false);
}

/** @param {HTMLElement} question @param {Ref[]} files */
function sameFiles(question, files) {
  const ids = filesOf(question).map((file) => file.id);
  return ids.length === files.length && files.every((file) => ids.includes(file.id));
}

/** Something about a message came back refused. @param {Refusal} error */
export function showError(error) {
  refuse(error.field, error.message);
  fail(error.message, error.retry_after);
}

