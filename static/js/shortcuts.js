// @ts-check
// The keyboard, as the "Keyboard" dialog lists it. Shortcuts with Alt can be switched off.

import { stopAll } from "./composer.js";
import { openDialog } from "./dialogs.js";
import { isComposing } from "./keys.js";
import { otherVersion } from "./messages.js";
import { toggleThinking } from "./options.js";
import { conversation, messages } from "./page.js";
import { toggleSidebar } from "./sidebar.js";
import { lasting } from "./stored.js";

/** @param {string} selector @param {ParentNode | undefined} [within] */
const click = (selector, within = document) =>
  /** @type {HTMLElement | null | undefined} */ (within.querySelector(selector))?.click();
/** @param {string} id */
const focus = (id) => document.getElementById(id)?.focus();

const last = (/** @type {string} */ role) => messages().filter((one) => one.dataset.role === role).at(-1);
/** @param {string} role @param {string} selector */
function clickIn(role, selector) {
  const message = last(role);
  if (message) click(selector, message);
}
const current = () => /** @type {HTMLElement | null} */ (document.activeElement?.closest(".msg") ?? null);

/** @type {Record<string, () => void>} */
const withControl = {
  KeyK: search,
  KeyB: toggleSidebar,
  KeyU: () => click("#attach-button"),
  Slash: help,
};
/** @type {Record<string, () => void>} */
const withAlt = {
  KeyN: () => location.assign("/"),
  KeyM: () => click('[popovertarget="model-pop"]'),
  KeyT: toggleThinking,
  KeyC: () => clickIn("assistant", '[data-action="copy"]'),
  KeyR: () => clickIn("assistant", '[data-action="regenerate"], [data-action="retry"]'),
  KeyE: () => clickIn("user", '[data-action="edit"]'),
  ArrowUp: () => walk(-1),
  ArrowDown: () => walk(1),
  ArrowLeft: () => version(-1),
  ArrowRight: () => version(1),
};

function search() {
  const bar = document.getElementById("sidebar");
  if (bar?.hasAttribute("data-collapsed")) toggleSidebar();
  if (bar && matchMedia("(width < 48rem)").matches && !bar.matches(":popover-open")) bar.showPopover();
  focus("chat-search");
}

function help() {
  const dialog = document.getElementById("shortcuts");
  if (dialog instanceof HTMLDialogElement && !dialog.open) openDialog(dialog);
}

/** To the message before or after. @param {number} step */
function walk(step) {
  const all = messages();
  const from = current();
  const index = from ? all.indexOf(from) + step : step < 0 ? all.length - 1 : 0;
  const next = all[Math.max(0, Math.min(all.length - 1, index))];
  if (!next) return;
  next.tabIndex = -1;
  next.focus();
  next.scrollIntoView({ block: "start" });
}

/** @param {number} step */
function version(step) {
  const shown = current() ?? messages().filter((one) => one.querySelector(".branch")).at(-1);
  if (shown) otherVersion(shown, step);
}

const altAllowed = () => lasting.get("alt-shortcuts") !== "off";
const overlaid = () => !!document.querySelector(":popover-open, dialog[open]");

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || isComposing(event) || !document.body.dataset.socket) return;
  const control = (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey;
  const alt = event.altKey && !event.ctrlKey && !event.metaKey && !event.shiftKey;
  const typing = event.target instanceof Element && event.target.matches("input, textarea, select");
  /** @type {(() => void) | undefined} */
  let act;
  if (control) act = withControl[event.code];
  else if (alt && altAllowed() && !overlaid()) {
    // In a text the arrows with Alt move by words or paragraphs on some systems.
    if (!(typing && event.code.startsWith("Arrow"))) act = withAlt[event.code];
  } else if (event.key === "F2" && conversation() && !overlaid()) act = () => click("#rename-link");
  else if (event.key === "Escape" && !overlaid()) return void (stopAll() && event.preventDefault());
  if (!act || (control && overlaid() && event.code !== "Slash")) return;
  event.preventDefault();
  act();
});

const box = /** @type {HTMLInputElement | null} */ (document.querySelector('[data-action="alt-shortcuts"]'));
if (box) {
  box.checked = altAllowed();
  box.addEventListener("change", () => lasting.set("alt-shortcuts", box.checked ? null : "off"));
}
