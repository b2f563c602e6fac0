// @ts-check
// The transcript's scroll: stays at the end while the reader is there, never moves a reader who is not,
// and then says that there is more below.

import { onAction } from "./actions.js";
import { thread } from "./page.js";
import { say } from "./words.js";

const NEAR_PX = 80;
const GESTURE_MS = 150; // a scroll upwards is over after this; within it nothing pulls back

const scroller = document.getElementById("transcript");
const jump = /** @type {HTMLElement | null} */ (document.querySelector('[data-action="jump"]'));
let following = true;
let top = 0;
let height = 0;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let gesture;

const distance = () => (scroller ? scroller.scrollHeight - scroller.clientHeight - scroller.scrollTop : 0);

function selecting() {
  const selection = getSelection();
  return !!selection && !selection.isCollapsed && !!thread()?.contains(selection.anchorNode);
}

/** To the end, and on with it. */
export function toEnd() {
  following = true;
  clearTimeout(gesture);
  gesture = undefined;
  stick();
}

function stick() {
  if (!scroller) return;
  if (following && gesture === undefined && !selecting()) scroller.scrollTop = scroller.scrollHeight;
  top = scroller.scrollTop;
  offer();
}

function offer() {
  if (!jump || !scroller) return;
  const away = distance() > NEAR_PX;
  if (!away) delete jump.dataset.new;
  else if (scroller.scrollHeight > height + 1 && height) jump.dataset.new = "";
  height = scroller.scrollHeight;
  if (!away && jump === document.activeElement) scroller.focus({ preventScroll: true });
  jump.hidden = !away;
  const label = say("new" in jump.dataset ? "jumpNew" : "jump");
  if (jump.getAttribute("aria-label") !== label) jump.setAttribute("aria-label", label);
}

function scrolled() {
  if (!scroller) return;
  const up = scroller.scrollTop < top - 1;
  top = scroller.scrollTop;
  if (up && distance() > 1) {
    following = false;
    clearTimeout(gesture);
    gesture = setTimeout(settle, GESTURE_MS);
  } else if (distance() <= NEAR_PX && gesture === undefined) following = true;
  offer();
}

function settle() {
  gesture = undefined;
  following = distance() <= NEAR_PX;
}

if (scroller) {
  scroller.addEventListener("scroll", scrolled, { passive: true });
  // Observers run after layout and before paint: nobody sees the page lag behind its text.
  const grown = new ResizeObserver(stick);
  for (const part of [scroller, thread(), document.querySelector(".composer-dock")]) if (part) grown.observe(part);
  onAction("jump", () => {
    toEnd();
    document.getElementById("composer-text")?.focus({ preventScroll: true });
  });
  // Older messages, which htmx fetches when their placeholder comes into view.
  document.addEventListener("htmx:beforeSwap", (event) => {
    const { target } = /** @type {CustomEvent} */ (event).detail ?? {};
    if (!(target instanceof Element) || !thread()?.contains(target)) return;
    following = false;
    const kept = keepPlace();
    document.addEventListener("htmx:afterSettle", kept, { once: true });
    document.addEventListener("htmx:afterSwap", kept, { once: true });
  });
  const named = location.hash.startsWith("#m-") ? document.getElementById(location.hash.slice(1)) : null;
  if (named) following = false;
  else toEnd();
}

/** Remembers what is on the screen; the result puts it back there. */
function keepPlace() {
  const edge = scroller?.getBoundingClientRect().top ?? 0;
  const anchor = [...(thread()?.querySelectorAll(".msg") ?? [])].find(
    (message) => message.getBoundingClientRect().bottom > edge,
  );
  const before = anchor?.getBoundingClientRect().top ?? 0;
  return () => {
    if (!scroller || !anchor?.isConnected) return;
    const shift = anchor.getBoundingClientRect().top - before;
    if (Math.abs(shift) >= 1) scroller.scrollTop += shift;
    top = scroller.scrollTop;
  };
}
