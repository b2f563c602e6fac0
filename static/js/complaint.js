// @ts-check
// The error beneath the message box, with the wait where there is one.

import { announce } from "./announcer.js";
import { slot } from "./page.js";
import { say } from "./words.js";

/** @type {ReturnType<typeof setInterval> | undefined} */
let countdown;

/** Shows it; "" takes it away. @param {string} message @param {number} [wait] seconds */
export function fail(message, wait) {
  const form = document.getElementById("composer");
  const box = document.getElementById("composer-text");
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
