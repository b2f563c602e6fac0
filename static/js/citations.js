// @ts-check
// Marks in an answer that name its sources: a preview of the source while a mark is pointed at or focused,
// which stays while it is read, goes with Escape, and never holds anything but text.

const GAP_PX = 6;
const LEAVE_MS = 200; // time to get from the mark into the preview

/** @type {HTMLElement | null} */
let preview = null;
/** @type {HTMLAnchorElement | null} */
let shownFor = null;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let leaving;

/** @param {EventTarget | null} target @returns {HTMLAnchorElement | null} */
const markAt = (target) => (target instanceof Element ? target.closest("a.cite") : null);

/** The card that a mark leads to. @param {HTMLAnchorElement} mark */
const cardOf = (mark) => document.getElementById(decodeURIComponent(mark.hash.slice(1)));

function made() {
  const box = document.createElement("div");
  box.id = "cite-preview";
  box.className = "cite-preview";
  box.setAttribute("role", "tooltip");
  if ("popover" in box) box.popover = "manual"; // in the top layer no scrolling part cuts it off
  (document.querySelector("main") ?? document.body).append(box); // what is in no landmark is passed over
  return box;
}

/** @param {HTMLAnchorElement} mark */
function show(mark) {
  clearTimeout(leaving);
  const card = cardOf(mark);
  if (!card || shownFor === mark) return;
  hide();
  preview ??= made();
  const words = [".cite-card__title", ".cite-card__from"].map((part) => {
    const line = document.createElement("span");
    const found = card.querySelector(part);
    line.dir = "auto";
    line.textContent = [...(found?.children.length ? found.children : [found])]
      .map((one) => one?.textContent?.trim())
      .filter(Boolean)
      .join(" · ");
    return line;
  });
  preview.replaceChildren(...words);
  preview.hidden = false;
  preview.showPopover?.();
  place(mark, preview);
  shownFor = mark;
  mark.dataset.title = mark.title; // the browser's own hint would lie over it
  mark.removeAttribute("title");
  mark.setAttribute("aria-describedby", preview.id);
}

/** Above the mark, below where there is no room; never over the page's edges. @param {Element} mark @param {HTMLElement} box */
function place(mark, box) {
  const { left, top, bottom, width } = mark.getBoundingClientRect();
  const { width: wide, height: high } = box.getBoundingClientRect();
  const x = Math.min(Math.max(GAP_PX, left + width / 2 - wide / 2), innerWidth - wide - GAP_PX);
  const y = top - high - GAP_PX > 0 ? top - high - GAP_PX : bottom + GAP_PX;
  box.style.left = `${Math.max(0, x)}px`;
  box.style.top = `${y}px`;
}

function hide() {
  clearTimeout(leaving);
  if (preview?.matches(":popover-open")) preview.hidePopover();
  if (preview) preview.hidden = true;
  if (!shownFor) return;
  if (shownFor.dataset.title !== undefined) shownFor.title = shownFor.dataset.title;
  delete shownFor.dataset.title;
  shownFor.removeAttribute("aria-describedby");
  shownFor = null;
}

function hideSoon() {
  clearTimeout(leaving);
  leaving = setTimeout(hide, LEAVE_MS);
}

document.addEventListener("pointerover", (event) => {
  const mark = markAt(event.target);
  if (mark && event.pointerType !== "touch") show(mark);
  else if (event.target instanceof Node && preview?.contains(event.target)) clearTimeout(leaving);
  else if (shownFor && shownFor !== document.activeElement) hideSoon();
});
document.addEventListener("focusin", (event) => {
  const mark = markAt(event.target);
  if (mark?.matches(":focus-visible")) show(mark);
});
document.addEventListener("focusout", (event) => {
  if (markAt(event.target) === shownFor && shownFor) hide();
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !shownFor) return;
  event.stopPropagation(); // Escape would stop the answer as well
  hide();
}, true);
// The page scrolls to a mark that gets the focus: there the preview goes along.
document.addEventListener("scroll", () => {
  if (shownFor && preview && shownFor === document.activeElement) place(shownFor, preview);
  else hide();
}, { capture: true, passive: true });
document.addEventListener("click", (event) => {
  const mark = markAt(event.target);
  const card = mark && cardOf(mark);
  if (!card) return;
  const details = card.closest("details");
  if (details) details.open = true; // its sources may have been folded away
  hide();
});
