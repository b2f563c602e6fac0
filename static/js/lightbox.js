// @ts-check
// Pictures of a question as large as they fit, one after the other; and its videos, played where they are.
// Without script both are links to the file.

import { onAction } from "./actions.js";

onAction("lightbox", (link) => {
  const { htmx } = /** @type {any} */ (window);
  const slot = document.getElementById("dialog-slot");
  if (!htmx || !slot) return location.assign(link.getAttribute("href") ?? "");
  link.focus({ preventScroll: true }); // Safari does not by itself, and the focus comes back here
  htmx.ajax("GET", link.dataset.dialogUrl, { target: slot, swap: "innerHTML" });
});

/** @param {Element} dialog @param {number} by */
function step(dialog, by) {
  const pictures = /** @type {HTMLElement[]} */ ([...dialog.querySelectorAll("[data-picture]")]);
  if (pictures.length < 2) return;
  const at = pictures.findIndex((picture) => !picture.hidden);
  const next = (at + by + pictures.length) % pictures.length;
  pictures.forEach((picture, index) => (picture.hidden = index !== next));
  const said = dialog.querySelector('[data-slot="picture-name"]');
  if (said) said.textContent = pictures[next].getAttribute("aria-label");
}

onAction("picture-previous", (button) => step(/** @type {Element} */ (button.closest("dialog")), -1));
onAction("picture-next", (button) => step(/** @type {Element} */ (button.closest("dialog")), 1));

document.addEventListener("keydown", (event) => {
  const dialog = event.target instanceof Element ? event.target.closest("dialog.lightbox") : null;
  if (!dialog || event.altKey || event.ctrlKey || event.metaKey) return;
  const forward = document.documentElement.dir === "rtl" ? "ArrowLeft" : "ArrowRight";
  if (event.key === "ArrowLeft" || event.key === "ArrowRight") {
    event.preventDefault();
    step(dialog, event.key === forward ? 1 : -1);
  }
});

// A click beside the picture closes, as on the scrim of other dialogs.
document.addEventListener("click", (event) => {
  if (event.target instanceof Element && event.target.matches("dialog.lightbox:modal .lightbox__picture")) {
    /** @type {HTMLDialogElement | null} */ (event.target.closest("dialog"))?.close();
  }
});

onAction("play-video", (link) => {
  const card = link.closest(".att-video");
  const player = card?.querySelector("video");
  if (!player) return location.assign(link.getAttribute("href") ?? "");
  player.hidden = false;
  link.hidden = true;
  player.focus();
  player.play().catch(() => {}); // its own controls say what is wrong
});
