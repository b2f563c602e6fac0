// @ts-check
// Enter, as people mean it: not the Enter that confirms what an input method has composed.

const CONFIRM_MS = 50;

let composed = -Infinity;
document.addEventListener("compositionend", (event) => (composed = event.timeStamp), true);

const touch = matchMedia("(hover: none) and (pointer: coarse)");

/** Whether there is a screen keyboard only: Enter does not send there. */
export const isTouch = () => touch.matches;

/**
 * Whether this is Enter by itself, meant to send. With a screen keyboard Enter is a new line: there is no
 * Shift beside it, and the button is near.
 * @param {KeyboardEvent} event
 */
export function isEnter(event) {
  if (event.key !== "Enter" || event.shiftKey || event.altKey) return false;
  if (isComposing(event)) return false;
  return event.ctrlKey || event.metaKey || !touch.matches;
}

/** @param {KeyboardEvent} event */
export function isComposing(event) {
  // 229 is what a key says while an input method has it; Safari ends the composition before the keydown
  // of the Enter that confirmed it.
  return event.isComposing || event.keyCode === 229 || event.timeStamp - composed < CONFIRM_MS;
}
