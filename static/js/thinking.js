// @ts-check
// The thinking step of a running answer: its text, its clock and about how many tokens it took, the button that
// ends it, and when it opens and folds away by itself. Once the reader has opened or closed it, it stays as it is.

import { slot } from "./page.js";
import { span } from "./times.js";
import { say } from "./words.js";

/** @param {HTMLElement} article */
const step = (article) => /** @type {HTMLElement | null} */ (article.querySelector('[data-step="thinking"]'));

/** @type {Map<HTMLElement, { began: number, timer: ReturnType<typeof setInterval> }>} */
const clocks = new Map();
/** @type {WeakMap<HTMLElement, number>} how long it has thought before: a tool's work lies between */
const spent = new WeakMap();

/**
 * Adds reasoning text.
 * @param {HTMLElement} article @param {string} text @param {boolean} whole the text replaces what is there
 */
export function reason(article, text, whole) {
  const place = slot(article, "reasoning");
  if (!place || (!text && !whole)) return;
  const shown = place.textContent ?? "";
  const last = place.lastChild;
  if (!whole && last instanceof Text) last.appendData(text);
  else if (!whole) place.append(text);
  else if (last instanceof Text && place.childNodes.length === 1 && text.startsWith(shown)) {
    last.appendData(text.slice(shown.length)); // a selection in it stays
  } else place.textContent = text;
  if (place.textContent) reveal(article);
}

/** @param {HTMLElement} article */
function reveal(article) {
  const line = step(article);
  if (!line) return;
  line.hidden = false;
  const trail = /** @type {HTMLElement | null} */ (line.closest(".trail"));
  if (trail) trail.hidden = false;
}

/**
 * The model is thinking: the step is open and counts.
 * @param {HTMLElement} article @param {number} [ms] for how long it has, as the server knows
 */
export function think(article, ms) {
  const going = clocks.get(article);
  if (going) {
    if (ms !== undefined) going.began = Date.now() - ms; // a page that was away
    return;
  }
  reveal(article);
  fold(article, false);
  offer(article, true);
  const label = slot(article, "thinking-label");
  label?.classList.add("shimmer");
  const clock = { began: Date.now() - (ms ?? spent.get(article) ?? 0), timer: setInterval(tick, 1000) };
  clocks.set(article, clock);
  function tick() {
    if (!article.isConnected) return stopClock(article);
    const time = span(Date.now() - clock.began);
    const tokens = rounded(tokensIn(slot(article, "reasoning")?.textContent ?? ""));
    if (label) label.textContent = tokens ? say("thinkingTokens", { time, tokens }) : say("thinkingFor", { time });
  }
  tick();
}

/** The button that ends the thinking is there while it can. @param {HTMLElement} article @param {boolean} shown */
function offer(article, shown) {
  const button = /** @type {HTMLElement | null} */ (step(article)?.querySelector('[data-action="answer-now"]'));
  if (!button) return;
  const focused = button === document.activeElement;
  button.hidden = !shown;
  if (!shown && focused) step(article)?.querySelector("summary")?.focus({ preventScroll: true });
}

const HAN = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]/gu;

/**
 * About how many tokens a text is: a token is some four letters, or one and a half Chinese characters.
 * @param {string} text
 */
function tokensIn(text) {
  const han = text.match(HAN)?.length ?? 0;
  return Math.round(han / 1.5 + (text.length - han) / 4);
}

/** A guess does not pretend to be exact. @param {number} count */
function rounded(count) {
  if (count < 10) return "";
  const step = count < 1000 ? 10 : 100;
  return (Math.round(count / step) * step).toLocaleString(document.documentElement.lang || undefined);
}

/** It has thought: the step folds away and says how long. @param {HTMLElement} article @param {number} [ms] */
export function thought(article, ms) {
  const clock = clocks.get(article);
  const took = ms ?? (clock ? Date.now() - clock.began : undefined);
  const label = slot(article, "thinking-label");
  if (label && took !== undefined) label.textContent = say("thoughtFor", { time: span(Math.max(1000, took)) });
  label?.classList.remove("shimmer");
  offer(article, false);
  if (took !== undefined) {
    spent.set(article, took);
    fold(article, true);
  }
  stopClock(article);
}

/** @param {HTMLElement} article */
export function stopClock(article) {
  clearInterval(clocks.get(article)?.timer);
  clocks.delete(article);
}

/** @param {HTMLElement} article @param {boolean} shut */
function fold(article, shut) {
  const details = step(article)?.querySelector("details");
  if (!details || "touched" in details.dataset) return;
  const selection = getSelection();
  const selected = !!selection && !selection.isCollapsed && details.contains(selection.anchorNode);
  // Who reads there goes on reading; the line itself stays where it is when the step is folded.
  const focused = document.activeElement;
  const reading = details.contains(focused) && !focused?.closest("summary");
  if (shut && (selected || reading)) return;
  details.open = !shut;
}

document.addEventListener("click", (event) => {
  const summary = event.target instanceof Element ? event.target.closest("summary") : null;
  const details = summary?.parentElement;
  if (details?.closest('[data-step="thinking"]')) details.dataset.touched = "";
});
