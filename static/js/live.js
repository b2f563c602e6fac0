// @ts-check
// Running answers: puts what the socket brings into their articles, with one change of the page a frame.
// A snapshot replaces all there is, a delta adds to it, `end` swaps in the stored answer.

import { announceEnd } from "./announcer.js";
import { article as articleOf, changed, isRunning, parsed, slot, wake } from "./page.js";
import { become, reconcile } from "./reconcile.js";
import { note, painted } from "./seen.js";
import { on } from "./socket.js";
import { grown, show } from "./tail.js";
import { reason, stopClock, think, thought } from "./thinking.js";
import { callsNow, isCalling, putCall, putSources, putSteps } from "./trail.js";
import { say } from "./words.js";

const HIDDEN_FRAME_MS = 250; // a hidden tab has no frames

/**
 * @typedef {{ message: string, seq: number, status?: string, blocks?: string[], tail?: string, drop?: number,
 *   reasoning?: string, thinking?: boolean, thinking_ms?: number, reasoning_ms?: number | null,
 *   waiting?: number, activity?: string, calls?: import("./trail.js").Call[], sources?: object[],
 *   sources_html?: string }} Progress
 * @typedef {{ message: string, seq: number, status: string, html?: string, fragment?: string,
 *   error?: { code: string, message: string } | null }} End
 */

/** @type {WeakMap<HTMLElement, Answer>} */
const answers = new WeakMap();

class Answer {
  /** @param {HTMLElement} article */
  constructor(article) {
    this.article = article;
    this.seq = -1;
    this.whole = false; // the next write replaces everything
    /** @type {string[]} */
    this.blocks = []; // not written yet
    this.tail = ""; // as it should be
    this.shown = ""; // as it is in the page
    this.reasoning = "";
    this.wholeReasoning = false;
    /** @type {Progress | null} */
    this.last = null;
    this.activity = ""; // what is done before there is anything to read
    /** @type {{ thinking_ms?: number, reasoning_ms?: number | null }} */
    this.times = {}; // of frames that came since the last write
    this.frame = 0;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
  }

  /** @param {Progress} event */
  snapshot(event) {
    this.whole = true;
    this.blocks = event.blocks ?? [];
    this.tail = event.tail ?? "";
    this.reasoning = event.reasoning ?? "";
    this.wholeReasoning = true;
    putSteps(this.article, event);
    this.take(event);
  }

  /** @param {Progress} event */
  delta(event) {
    if (event.seq <= this.seq) return;
    this.blocks.push(...(event.blocks ?? []));
    this.tail = grown(this.tail, event);
    this.reasoning += event.reasoning ?? "";
    this.take(event);
  }

  /**
   * A step of the trail. It is shown at once, and does not count as having shown the text up to its `seq`.
   * @param {Progress} event @param {() => void} put
   */
  step(event, put) {
    begin(this.article);
    put();
    if (isCalling(this.article)) thought(this.article);
    this.label();
    if (event.seq > this.seq) painted(event.message, event.seq);
  }

  /** @param {Progress} event */
  take(event) {
    this.seq = event.seq;
    this.last = event;
    if (event.activity !== undefined) this.activity = event.activity; // said when it changes
    const { thinking_ms = this.times.thinking_ms, reasoning_ms = this.times.reasoning_ms } = event;
    this.times = { thinking_ms, reasoning_ms };
    begin(this.article, event.status);
    if (this.frame || this.timer) return;
    this.frame = requestAnimationFrame(() => this.write());
    this.timer = setTimeout(() => this.write(), HIDDEN_FRAME_MS);
  }

  write() {
    this.cancel();
    const prose = slot(this.article, "prose");
    if (prose) this.writeProse(prose);
    reason(this.article, this.reasoning, this.wholeReasoning);
    if (this.last?.thinking && !isCalling(this.article)) think(this.article, this.times.thinking_ms);
    else thought(this.article, this.times.reasoning_ms ?? undefined);
    this.times = {};
    this.label();
    this.blocks = [];
    this.reasoning = "";
    this.whole = this.wholeReasoning = false;
    painted(this.article.dataset.message ?? "", this.seq);
  }

  /** The badge beside the model's name. */
  label() {
    const badge = slot(this.article, "badge");
    const seconds = this.last?.waiting;
    const now = callsNow(this.article) || say(this.last?.thinking ? "thinking" : "writing");
    const text = seconds ? say("waitingFor", { seconds }) : this.activity || now;
    if (!badge || this.article.dataset.status !== "streaming" || badge.textContent === text) return;
    if (badge.lastChild instanceof Text) badge.lastChild.data = text;
    else badge.append(text);
  }

  /** @param {HTMLElement} prose */
  writeProse(prose) {
    const tail = tailOf(prose);
    if (this.whole) {
      const template = document.createElement("template");
      template.innerHTML = this.blocks.join("");
      const fresh = /** @type {HTMLElement} */ (tail.cloneNode(false));
      fresh.innerHTML = this.tail;
      template.content.append(fresh);
      reconcile(prose, template.content);
    } else {
      if (this.blocks.length) tail.insertAdjacentHTML("beforebegin", this.blocks.join(""));
      show(tail, this.shown, this.tail);
    }
    this.shown = this.tail;
  }

  cancel() {
    cancelAnimationFrame(this.frame);
    clearTimeout(this.timer);
    this.frame = 0;
    this.timer = undefined;
  }

  /** @param {End} event */
  end(event) {
    this.cancel();
    stopClock(this.article);
    this.seq = event.seq;
    const fresh = event.fragment ? parsed(event.fragment) : null;
    const prose = fresh && slot(fresh, "prose");
    if (prose && event.html !== undefined) prose.innerHTML = event.html;
    keepingFocus(this.article, () => {
      const tail = slot(this.article, "tail");
      if (fresh) {
        tail?.replaceWith(...tail.childNodes);
        become(this.article, fresh);
      } else this.finish(event);
    });
    wake(this.article);
    answers.delete(this.article);
  }

  /** Without a fragment: what the event itself carries. @param {End} event */
  finish(event) {
    this.article.dataset.status = event.status;
    this.article.removeAttribute("aria-busy");
    const prose = slot(this.article, "prose");
    if (prose && event.html !== undefined) prose.innerHTML = event.html;
  }
}

/** @param {HTMLElement} prose @returns {HTMLElement} */
function tailOf(prose) {
  const found = slot(prose, "tail");
  if (found) return found;
  const tail = document.createElement("div");
  tail.className = "prose__tail";
  tail.dataset.slot = "tail";
  prose.append(tail);
  return tail;
}

/**
 * Shows an answer as running, also one that had ended (`continue`).
 * @param {HTMLElement} article @param {string} [status]
 */
export function begin(article, status = "streaming") {
  const before = article.dataset.status;
  if (before === status || (before === "streaming" && isRunning(status))) return;
  article.dataset.status = status;
  article.setAttribute("aria-busy", "true");
  if (!isRunning(before)) {
    keepingFocus(article, () => {
      for (const part of article.querySelectorAll(":scope > :is(.notice, .alert, .msg__bar)")) part.remove();
    });
  }
  changed();
}

/**
 * Does something to an article and puts the focus back into it if it was lost by that.
 * @param {HTMLElement} article @param {() => void} act
 */
export function keepingFocus(article, act) {
  const focused = article.contains(document.activeElement) ? /** @type {HTMLElement} */ (document.activeElement) : null;
  act();
  // A fragment has no `tabindex`; without it the article would lose the focus at the next frame.
  if (focused === article) article.tabIndex = -1;
  if (!focused || (focused.isConnected && document.activeElement === focused)) return;
  const action = focused.dataset.action;
  const same = action && article.querySelector(`[data-action="${CSS.escape(action)}"]`);
  const again = focused.isConnected ? focused : same;
  if (!again) article.tabIndex = -1;
  /** @type {HTMLElement} */ (again || article).focus({ preventScroll: true });
}

/** @param {string} message @returns {Answer | undefined} */
function answerOf(message) {
  const article = articleOf(message);
  if (!article) return undefined;
  const answer = answers.get(article) ?? new Answer(article);
  answers.set(article, answer);
  return answer;
}

/** Whether events of this answer have been shown here. @param {HTMLElement} article */
export const isLive = (article) => answers.has(article);

on("snapshot", (event) => {
  const answer = answerOf(event.message);
  if (answer) answer.snapshot(event);
  else note(event.message, event.seq); // not shown here, but nobody shall wait for it
});
on("delta", (event) => {
  const answer = answerOf(event.message);
  if (answer) answer.delta(event);
  else note(event.message, event.seq);
});
on("tool", (event) => {
  const answer = answerOf(event.message);
  if (answer) answer.step(event, () => putCall(answer.article, event.html));
  else note(event.message, event.seq);
});
on("sources", (event) => {
  const answer = answerOf(event.message);
  if (answer) answer.step(event, () => putSources(answer.article, event.html));
  else note(event.message, event.seq);
});
on("end", (event) => {
  note(event.message, event.seq);
  const answer = answerOf(event.message);
  if (!answer) return;
  const news = isRunning(answer.article.dataset.status);
  answer.end(event);
  if (news) announceEnd(answer.article, event.error);
  changed();
});
document.addEventListener("visibilitychange", () => {
  for (const message of document.querySelectorAll(".msg[aria-busy]")) {
    const answer = answers.get(/** @type {HTMLElement} */ (message));
    if (answer?.timer) answer.write(); // frames asked for before hiding come only after it
  }
});
