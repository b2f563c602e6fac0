// @ts-check
// Retry buttons that the model service has asked to wait with (`data-wait`, in seconds) count down.

import { slot } from "./page.js";
import { say } from "./words.js";

/** @param {HTMLElement} button */
function count(button) {
  const until = Date.now() + Number(button.dataset.wait) * 1000;
  delete button.dataset.wait;
  const label = slot(button, "label") ?? button;
  const tick = () => {
    const seconds = Math.ceil((until - Date.now()) / 1000);
    label.textContent = seconds > 0 ? say("retryIn", { seconds }) : say("retry");
    if (seconds <= 0) button.removeAttribute("aria-disabled");
    if (seconds <= 0 || !button.isConnected) clearInterval(timer);
  };
  const timer = setInterval(tick, 1000);
  tick();
}

const find = () => {
  for (const button of document.querySelectorAll("[data-wait]")) count(/** @type {HTMLElement} */ (button));
};
document.addEventListener("thread:changed", find);
find();
