// @ts-check
// What is said to people who hear the page: that somebody answers, that the answer is complete, errors.
// Never the answer's words as they come.

import { thread } from "./page.js";
import { say } from "./words.js";

/** @type {ReturnType<typeof setTimeout> | undefined} */
let saying;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let clearing;

/** @param {string} text */
export function announce(text) {
  const region = document.getElementById("announcer");
  if (!region) return;
  // Emptied first: the same sentence again is a change only then.
  region.textContent = "";
  clearTimeout(saying);
  saying = setTimeout(() => (region.textContent = text), 50);
  clearTimeout(clearing);
  clearing = setTimeout(() => (region.textContent = ""), 30_000);
}

/** @param {HTMLElement} article an answer that has been taken on */
export function announceStart(article) {
  announce(say("answering", { model: article.dataset.model ?? "" }));
}

/**
 * @param {HTMLElement} article an answer in its final state
 * @param {{ message?: string } | null | undefined} error
 */
export function announceEnd(article, error) {
  if (!thread()?.contains(article)) return;
  const status = article.dataset.status;
  if (status === "complete") {
    const count = countWords(article.querySelector('[data-slot="prose"]')?.textContent ?? "");
    announce(count === 1 ? say("answerCompleteOne") : say("answerComplete", { count }));
  } else if (status === "stopped") announce(say("answerStopped"));
  // An alert speaks for itself where it is put into the page.
  else if (article.querySelector('[role="alert"]')) return;
  else if (error?.message) announce(error.message);
  else announce(say(status === "interrupted" ? "answerInterrupted" : "answerFailed"));
}

/** Words as a person would count them, Chinese included. @param {string} text */
function countWords(text) {
  if (typeof Intl.Segmenter === "function") {
    let count = 0;
    const segmenter = new Intl.Segmenter(undefined, { granularity: "word" });
    for (const part of segmenter.segment(text)) if (part.isWordLike) count += 1;
    return count;
  }
  return text.match(/[\p{Script=Han}]|[\p{L}\p{N}’'-]+/gu)?.length ?? 0;
}
