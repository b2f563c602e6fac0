// @ts-check
// Dialogs that the server sends into `#dialog-slot`, and the page's own: shown as modal ones, and the focus
// goes back to where it came from.

import { onAction } from "./actions.js";
import { wake } from "./page.js";

/** @type {HTMLElement | null} */
let opener = null;

/** What has the focus now, or the button whose menu has it. */
function origin() {
  const focused = /** @type {HTMLElement | null} */ (document.activeElement);
  const menu = focused?.closest('[role="menu"]');
  if (!menu) return focused;
  const button = menuOpeners.get(menu) ?? document.querySelector(`[popovertarget="${menu.id}"]`);
  return /** @type {HTMLElement | null} */ (button);
}

/** @type {WeakMap<Element, Element>} */
const menuOpeners = new WeakMap();
document.addEventListener("click", (event) => {
  const button = event.target instanceof Element ? event.target.closest("[popovertarget]") : null;
  const menu = button && document.getElementById(button.getAttribute("popovertarget") ?? "");
  if (menu && !menu.contains(button)) menuOpeners.set(menu, button);
}, true);

/** @param {HTMLDialogElement} dialog @param {HTMLElement | null} from */
export function openDialog(dialog, from = origin()) {
  for (const menu of document.querySelectorAll(".menu:popover-open")) /** @type {HTMLElement} */ (menu).hidePopover();
  opener = from;
  if (!dialog.open) dialog.showModal();
  dialog.addEventListener("close", () => {
    if (dialog.parentElement?.id === "dialog-slot") dialog.remove();
    back();
  }, { once: true });
}

/** The focus goes back to where it came from, or to the message box where that is gone. */
function back() {
  const at = document.activeElement;
  if (at && at !== document.body && !at.closest("dialog")) return; // it is somewhere already
  const there = opener?.isConnected && opener.checkVisibility?.() !== false && opener !== document.body;
  (there ? opener : document.getElementById("composer-text"))?.focus({ preventScroll: true });
}

/** @type {HTMLElement | null} */
let asked = null;
document.addEventListener("htmx:beforeRequest", (event) => {
  const { target } = /** @type {CustomEvent} */ (event).detail ?? {};
  if (target === slot && !slot?.querySelector("dialog[open]")) asked = origin();
});
// Watched, and not told by htmx: its events are lost when the form that asked is gone with its dialog.
const slot = document.getElementById("dialog-slot");
if (slot) {
  new MutationObserver(() => {
    const dialog = slot.querySelector("dialog");
    if (!dialog) return back();
    if (dialog.matches(":modal")) return;
    dialog.removeAttribute("open");
    wake(dialog); // htmx would do it in a moment; who types fast submits the form before that
    openDialog(dialog, asked);
    /** @type {HTMLInputElement | null} */ (dialog.querySelector("input[autofocus]"))?.select();
  }).observe(slot, { childList: true });
}
onAction("open-dialog", (button) => {
  const dialog = document.getElementById(button.dataset.dialog ?? "");
  if (dialog instanceof HTMLDialogElement) openDialog(dialog);
});
// A click on the scrim closes.
document.addEventListener("click", (event) => {
  if (event.target instanceof HTMLDialogElement && event.target.open) {
    const { left, right, top, bottom } = event.target.getBoundingClientRect();
    const outside = event.clientX < left || event.clientX > right || event.clientY < top || event.clientY > bottom;
    if (outside && event.detail) event.target.close();
  }
});
