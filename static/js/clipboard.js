// @ts-check
// Copying, also where the clipboard's interface is missing (plain http) or wants to be asked within the
// click (Safari), and the sign that it was done.

import { announce } from "./announcer.js";
import { icon } from "./page.js";
import { toast } from "./toasts.js";
import { say } from "./words.js";

const SHOWN_MS = 2_000;

/**
 * @param {HTMLElement} button says "Copied" for two seconds
 * @param {string | Promise<string>} text
 */
export async function copy(button, text) {
  try {
    await put(text);
  } catch {
    toast(say("copyFailed"));
    announce(say("copyFailed"));
    return;
  }
  announce(say("copied"));
  sign(button);
}

/** @param {string | Promise<string>} text */
async function put(text) {
  if (navigator.clipboard && typeof text !== "string" && typeof ClipboardItem === "function") {
    const content = text.then((value) => new Blob([value], { type: "text/plain" }));
    try {
      return await navigator.clipboard.write([new ClipboardItem({ "text/plain": content })]);
    } catch {
      await text; // what failed may have been the text itself
    }
  }
  const value = await text;
  if (navigator.clipboard) return navigator.clipboard.writeText(value);
  putByHand(value);
}

/** @param {string} value */
function putByHand(value) {
  const focused = /** @type {HTMLElement | null} */ (document.activeElement);
  const field = document.createElement("textarea");
  field.className = "sr-only";
  field.value = value;
  (document.querySelector("dialog[open]") ?? document.body).append(field); // a modal dialog makes the rest inert
  field.select();
  const done = document.execCommand("copy");
  field.remove();
  focused?.focus({ preventScroll: true });
  if (!done) throw new Error("the browser did not copy");
}

/** @type {WeakMap<HTMLElement, ReturnType<typeof setTimeout>>} */
const signs = new WeakMap();

/** @param {HTMLElement} button */
function sign(button) {
  if (signs.has(button)) return;
  const label = button.getAttribute("aria-label");
  const title = button.getAttribute("title");
  const before = [...button.childNodes];
  const small = !!button.querySelector(".icon--xs");
  button.replaceChildren(icon("check", small ? "xs" : "sm"), ...(label === null ? [say("copied")] : []));
  if (label !== null) button.setAttribute("aria-label", say("copied"));
  if (title !== null) button.setAttribute("title", say("copied"));
  button.dataset.copied = "";
  signs.set(button, setTimeout(() => {
    signs.delete(button);
    delete button.dataset.copied;
    button.replaceChildren(...before);
    if (label !== null) button.setAttribute("aria-label", label);
    if (title !== null) button.setAttribute("title", title);
  }, SHOWN_MS));
}
