// @ts-check
// The text view of what OCR read: boxes and lines that point to each other, tabs, zoom, and what can be done
// with the text. Everything listens on the document, since the view comes and goes.

import { onAction } from "./actions.js";
import { copy } from "./clipboard.js";
import { showError } from "./composer.js";
import { ask } from "./outbox.js";
import { slot, wake } from "./page.js";
import { toEnd } from "./scroll.js";

const ASKED_CHARACTERS = 4_000; // what “Ask about this” quotes at most
const STEP = 1.25;
const CLOSEST = 8;

/** @param {EventTarget | null} target @returns {HTMLElement | null} */
const viewOf = (target) => (target instanceof Element ? target.closest("#ocr-page") : null);

// ---- lines and boxes ------------------------------------------------------------------------------

/** @param {HTMLElement} view @param {string | undefined} number @returns {Element[]} its line and its box */
const parts = (view, number) => [...view.querySelectorAll(`[data-line="${CSS.escape(number ?? "")}"]`)];

/** @param {EventTarget | null} target @returns {HTMLElement | null} */
const partAt = (target) => (target instanceof Element ? target.closest("#ocr-page [data-line]") : null);

/** @param {HTMLElement} view @param {HTMLElement} part */
function choose(view, part) {
  for (const other of view.querySelectorAll(".boxes .on")) other.classList.remove("on");
  for (const other of view.querySelectorAll(".ocr__lines [aria-current]")) {
    other.removeAttribute("aria-current");
    other.setAttribute("tabindex", "-1");
  }
  for (const one of parts(view, part.dataset.line)) {
    if (one instanceof HTMLElement) {
      one.setAttribute("aria-current", "true");
      one.tabIndex = 0;
    } else {
      one.classList.add("on");
      one.parentElement?.append(one); // above those that it overlaps
    }
    if (one !== part) one.scrollIntoView({ block: "nearest", inline: "nearest" });
  }
}

document.addEventListener("focusin", (event) => {
  const part = partAt(event.target);
  const view = viewOf(part);
  if (view && part instanceof HTMLButtonElement) choose(view, part);
});
document.addEventListener("click", (event) => {
  const part = partAt(event.target);
  const view = viewOf(part);
  if (!view || !part) return;
  const tab = document.getElementById("ocr-tab-lines");
  if (tab && part instanceof SVGElement) show(tab);
  const line = /** @type {HTMLElement | undefined} */ (
    parts(view, part.dataset.line).find((one) => one instanceof HTMLButtonElement)
  );
  if (line && document.activeElement !== line) line.focus();
  else if (line) choose(view, line);
});
for (const [name, near] of /** @type {[string, boolean][]} */ ([["pointerover", true], ["pointerout", false]])) {
  document.addEventListener(name, (event) => {
    const part = partAt(event.target);
    const view = viewOf(part);
    if (!view || !part) return;
    for (const one of parts(view, part.dataset.line)) one.classList.toggle("near", near);
  });
}

// ---- the keyboard -----------------------------------------------------------------------------------

const MOVES = /** @type {Record<string, (at: number, count: number) => number>} */ ({
  ArrowDown: (at, count) => Math.min(at + 1, count - 1),
  ArrowUp: (at) => Math.max(at - 1, 0),
  Home: () => 0,
  End: (_at, count) => count - 1,
});

document.addEventListener("keydown", (event) => {
  const view = viewOf(event.target);
  if (!view || event.altKey || event.ctrlKey || event.metaKey) return;
  const target = /** @type {HTMLElement} */ (event.target);
  if (target.matches('[role="tab"]')) return moveTab(view, target, event);
  if (target.matches(".ocr__lines button") && MOVES[event.key]) {
    event.preventDefault();
    const lines = /** @type {HTMLElement[]} */ ([...view.querySelectorAll(".ocr__lines button")]);
    lines[MOVES[event.key](lines.indexOf(target), lines.length)]?.focus();
  }
  if (target.matches(".ocr__scroll")) {
    const zoom = /** @type {Record<string, string>} */ ({ "+": "in", "=": "in", "-": "out", 0: "fit" })[event.key];
    if (zoom) /** @type {HTMLElement | null} */ (view.querySelector(`[data-action="zoom-${zoom}"]`))?.click();
  }
});

// ---- tabs -------------------------------------------------------------------------------------------

/** @param {HTMLElement} tab */
function show(tab) {
  for (const other of tab.parentElement?.querySelectorAll('[role="tab"]') ?? []) {
    const chosen = other === tab;
    other.setAttribute("aria-selected", String(chosen));
    /** @type {HTMLElement} */ (other).tabIndex = chosen ? 0 : -1;
    const panel = document.getElementById(other.getAttribute("aria-controls") ?? "");
    if (panel) panel.hidden = !chosen;
  }
}

document.addEventListener("click", (event) => {
  const tab = viewOf(event.target) && /** @type {Element} */ (event.target).closest('[role="tab"]');
  if (tab instanceof HTMLElement) show(tab);
});

/** @param {HTMLElement} view @param {HTMLElement} tab @param {KeyboardEvent} event */
function moveTab(view, tab, event) {
  const tabs = /** @type {HTMLElement[]} */ ([...view.querySelectorAll('[role="tab"]')]);
  const forward = document.documentElement.dir === "rtl" ? "ArrowLeft" : "ArrowRight";
  const back = forward === "ArrowRight" ? "ArrowLeft" : "ArrowRight";
  const to = { [forward]: 1, [back]: -1 }[event.key];
  let next = to === undefined ? -1 : (tabs.indexOf(tab) + to + tabs.length) % tabs.length;
  if (event.key === "Home") next = 0;
  if (event.key === "End") next = tabs.length - 1;
  if (next < 0) return;
  event.preventDefault();
  show(tabs[next]);
  tabs[next].focus();
}

// ---- zoom -------------------------------------------------------------------------------------------

/** @param {HTMLElement} button @param {number | null} by null: the whole page */
function zoom(button, by) {
  const view = viewOf(button);
  const picture = /** @type {SVGElement | null} */ (view?.querySelector(".ocr__picture") ?? null);
  if (!view || !picture) return;
  const now = Number(picture.dataset.zoom ?? 1);
  const next = by === null ? 1 : Math.min(Math.max(now * by, 1 / STEP ** 3), CLOSEST);
  if (now === 1) picture.dataset.fit = String(picture.getBoundingClientRect().width);
  picture.dataset.zoom = String(next);
  const fits = Math.abs(next - 1) < 0.01;
  if (fits) picture.dataset.zoom = "1";
  picture.style.maxInlineSize = picture.style.maxBlockSize = fits ? "" : "none";
  picture.style.inlineSize = fits ? "" : `${Number(picture.dataset.fit) * next}px`;
  const said = slot(view, "zoom");
  if (said) said.textContent = `${Math.round(next * 100)}%`;
}

onAction("zoom-in", (button) => zoom(button, STEP));
onAction("zoom-out", (button) => zoom(button, 1 / STEP));
onAction("zoom-fit", (button) => zoom(button, null));

// ---- what can be done with it -----------------------------------------------------------------------

/** @param {Element | null | undefined} template */
const textIn = (template) => (template instanceof HTMLTemplateElement ? template.content.textContent ?? "" : "");

onAction("copy-page", (button) => {
  const view = viewOf(button);
  const shown = view?.querySelector(".ocr__panel:not([hidden])");
  const seen = shown?.querySelector("pre")?.textContent;
  copy(button, textIn(shown?.querySelector("template")) || seen || (view ? pageText(view) : ""));
});

/** @param {HTMLElement} view */
const pageText = (view) => textIn(view.querySelector('[data-slot="page-text"]'));

onAction("ask-about", (button) => {
  const view = viewOf(button);
  if (!view) return;
  const text = selected(view) || pageText(view);
  const cut = text.length > ASKED_CHARACTERS ? `${text.slice(0, ASKED_CHARACTERS)}…` : text;
  const quoted = cut.trim().split("\n").map((line) => `> ${line}`.trimEnd()).join("\n");
  close(view);
  document.dispatchEvent(new CustomEvent("composer:insert", { detail: { text: `${quoted}\n\n` } }));
});

/** What the reader has marked in the text. @param {HTMLElement} view */
function selected(view) {
  const marked = getSelection();
  const inside = marked && viewOf(marked.anchorNode?.parentElement ?? null) === view;
  return inside ? marked.toString().trim() : "";
}

onAction("read-again", async (button) => {
  const view = viewOf(button);
  const { message, page } = button.dataset;
  if (view) close(view);
  try {
    await ask({ type: "regenerate", message, options: { again_pages: [Number(page)] }, cut: true });
    toEnd();
  } catch (error) {
    showError(/** @type {any} */ (error));
  }
});

/** @param {HTMLElement} view */
function close(view) {
  view.closest("dialog")?.close();
}

// Another page came. htmx would find its links in a moment; who clicks fast would follow them before that.
document.addEventListener("htmx:afterSwap", () => {
  const view = document.getElementById("ocr-page");
  if (view) wake(view);
});
// The focus stays on the arrow, or goes on where that one ended.
document.addEventListener("htmx:afterSettle", (event) => {
  const view = /** @type {CustomEvent} */ (event).detail?.elt;
  if (!(view instanceof HTMLElement) || view.id !== "ocr-page") return;
  const at = document.activeElement;
  if (at && at !== document.body && at.getAttribute("aria-disabled") !== "true") return;
  /** @type {HTMLElement | null} */ (view.querySelector(".ocr__pages [href], .tab"))?.focus();
});
