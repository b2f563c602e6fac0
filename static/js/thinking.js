// @ts-check
// The thinking step of a running answer: its text, its clock, and when it opens and folds away by itself.
// Once the reader has opened or closed it, it stays as it is.

import { slot } from "./page.js";
import { say } from "./words.js";

/** @param {HTMLElement} article */
const step = (article) => /** @type {HTMLElement | null} */ (article.querySelector('[data-step="thinking"]'));

/** @type {Map<HTMLElement, { began: number, timer: ReturnType<typeof setInterval> }>} */
const clocks = new Map();

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

/** The model is thinking: the step is open and counts. @param {HTMLElement} article */
export function think(article) {
  if (clocks.has(article)) return;
  reveal(article);
  fold(article, false);
  const label = slot(article, "thinking-label");
  label?.classList.add("shimmer");
  const began = Date.now();
  const tick = () => {
    if (!article.isConnected) return stopClock(article);
    if (label) label.textContent = say("thinkingFor", { seconds: Math.round((Date.now() - began) / 1000) });
  };
  clocks.set(article, { began, timer: setInterval(tick, 1000) });
  tick();
}

/** It has thought: the step folds away and says how long. @param {HTMLElement} article @param {number} [ms] */
export function thought(article, ms) {
  const clock = clocks.get(article);
  const took = ms ?? (clock ? Date.now() - clock.began : undefined);
  const label = slot(article, "thinking-label");
  if (label && took !== undefined) {
    label.textContent = say("thoughtFor", { seconds: Math.max(1, Math.round(took / 1000)) });
  }
  label?.classList.remove("shimmer");
  if (clock) fold(article, true);
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
  if (shut && (selected || details.contains(document.activeElement))) return;
  details.open = !shut;
}

document.addEventListener("click", (event) => {
  const summary = event.target instanceof Element ? event.target.closest("summary") : null;
  const details = summary?.parentElement;
  if (details?.closest('[data-step="thinking"]')) details.dataset.touched = "";
});
