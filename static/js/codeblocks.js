// @ts-check
// Gives each code block its buttons: copy, and wrap the long lines. Also those that are being written.

import { onAction } from "./actions.js";
import { copy } from "./clipboard.js";
import { icon } from "./page.js";
import { say } from "./words.js";

/** @param {ParentNode} root */
function equip(root) {
  for (const bar of root.querySelectorAll(".code__bar")) {
    if (bar.querySelector("[data-made], [data-action]")) continue;
    bar.append(button("wrap-code", "wrap", "wrap"), button("copy-code", "copy", "copy"));
  }
}

/**
 * @param {string} action @param {string} drawing
 * @param {"wrap" | "copy"} word
 */
function button(action, drawing, word) {
  const made = document.createElement("button");
  made.type = "button";
  made.className = "btn btn--ghost btn--xs";
  made.dataset.action = action;
  made.dataset.made = ""; // ours: `reconcile` leaves it
  made.append(icon(drawing, "xs"), say(word));
  return made;
}

/** @param {HTMLElement} button */
const block = (button) => /** @type {HTMLElement | null} */ (button.closest(".code"));

onAction("copy-code", (button) => {
  const code = block(button)?.querySelector("pre");
  if (code) copy(button, (code.textContent ?? "").replace(/\n$/, ""));
});
onAction("wrap-code", (button) => {
  const wrapped = block(button)?.toggleAttribute("data-wrap") ?? false;
  button.setAttribute("aria-pressed", String(wrapped));
});

const watched = document.getElementById("transcript");
if (watched) {
  equip(watched);
  new MutationObserver((changes) => {
    for (const { addedNodes } of changes) {
      for (const node of addedNodes) {
        if (node instanceof Element) equip(node.matches(".code__bar") ? (node.parentElement ?? node) : node);
      }
    }
  }).observe(watched, { childList: true, subtree: true });
}
