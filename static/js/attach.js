// @ts-check
// The ways by which files come to the message: chosen, from the web, pasted, dropped anywhere on the window.
// A very long text that is pasted becomes a file, which can be undone.

import { onAction } from "./actions.js";
import { openDialog } from "./dialogs.js";
import * as shelf from "./shelf.js";
import { toast } from "./toasts.js";
import { limits } from "./uploadlimits.js";
import { say } from "./words.js";

const box = /** @type {HTMLTextAreaElement | null} */ (document.getElementById("composer-text"));
const input = /** @type {HTMLInputElement | null} */ (document.getElementById("attach-input"));
const menu = document.getElementById("attach-menu");
const address = /** @type {HTMLDialogElement | null} */ (document.getElementById("from-url"));

// ---- chosen ----

onAction("choose-files", () => {
  menu?.hidePopover();
  input?.click();
});
function takeChosen() {
  if (!input?.files?.length) return;
  shelf.add([...input.files]);
  input.value = ""; // the same file can be chosen again
  box?.focus();
}
input?.addEventListener("change", takeChosen);
takeChosen(); // before this script ran

// ---- from the web ----

onAction("attach-url", () => address && openDialog(address));
address?.querySelector("form")?.addEventListener("submit", () => {
  const field = /** @type {HTMLInputElement | null} */ (address.querySelector('input[type="url"]'));
  if (!field) return;
  shelf.addFrom(field.value.trim());
  field.value = "";
});

// ---- pasted ----

/** @param {DataTransfer} data */
function pastedFiles(data) {
  const files = [...data.files];
  // A copied table or paragraph brings a picture of itself along: the words are what was meant.
  const isRich = data.types.includes("text/html") || data.types.includes("text/rtf");
  return isRich && data.getData("text/plain").trim() ? [] : files;
}

document.addEventListener("paste", (event) => {
  const at = event.target instanceof Element ? event.target : null;
  const data = event.clipboardData;
  if (!box || !data || event.defaultPrevented || document.querySelector("dialog[open]")) return;
  if (at !== box && at?.closest("input, textarea, select, [contenteditable]")) return;
  const files = pastedFiles(data);
  if (files.length) {
    event.preventDefault();
    shelf.add(files);
    return box.focus();
  }
  const text = data.getData("text/plain");
  if (at === box && text.length > limits.paste_characters) {
    event.preventDefault();
    asFile(text);
  }
});

/** @type {(() => void) | null} */
let undo = null;

/** @param {string} text what was pasted */
function asFile(text) {
  if (!box) return;
  const { selectionStart: start, selectionEnd: end, value: before } = box;
  const [item] = shelf.add([new File([text], "pasted-text.txt", { type: "text/plain" })]);
  if (!item) return;
  if (start !== end) {
    box.setRangeText("", start, end, "end");
    box.dispatchEvent(new Event("input", { bubbles: true }));
  }
  const fits = before.length - (end - start) + text.length <= (box.maxLength < 0 ? Infinity : box.maxLength);
  const putBack = () => {
    if (!shelf.find(item.key)) return; // sent, or taken away
    shelf.remove(item);
    const at = Math.min(start, box.value.length);
    box.setRangeText(text, at, at, "end");
    box.dispatchEvent(new Event("input", { bubbles: true }));
    box.focus();
  };
  undo = fits ? putBack : null;
  const sentence = say("pastedAsFile", { name: item.name });
  toast(sentence, fits ? { label: say("undo"), run: putBack } : {});
}

box?.addEventListener("input", () => (undo = null));
box?.addEventListener("keydown", (event) => {
  const isUndo = (event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey && event.key.toLowerCase() === "z";
  if (!isUndo || !undo) return;
  event.preventDefault();
  undo();
});

// ---- dropped ----

const zone = document.getElementById("dropzone");
const form = document.getElementById("composer");
let depth = 0; // elements within the window that the files have entered and not left
let ours = false; // one of the page's own pictures is dragged

/** @param {DragEvent} event */
const brings = (event) => !!form && !ours && [...(event.dataTransfer?.types ?? [])].includes("Files");

/** @param {boolean} over */
function dropping(over) {
  if (!over) depth = 0;
  form?.toggleAttribute("data-dropping", over);
  zone?.togglePopover(over);
}

addEventListener("dragenter", (event) => {
  if (!brings(event)) return;
  event.preventDefault();
  depth += 1;
  dropping(!document.querySelector("dialog[open]"));
});
addEventListener("dragover", (event) => {
  if (!brings(event)) return;
  event.preventDefault(); // else the browser would leave the page and show the file
  if (event.dataTransfer) event.dataTransfer.dropEffect = document.querySelector("dialog[open]") ? "none" : "copy";
});
addEventListener("dragleave", (event) => {
  if (brings(event) && (depth -= 1) <= 0) dropping(false);
});
addEventListener("drop", (event) => {
  if (!brings(event)) return;
  event.preventDefault();
  dropping(false);
  if (document.querySelector("dialog[open]")) return;
  const { files, folders } = dropped(/** @type {DataTransfer} */ (event.dataTransfer));
  if (folders) toast(say("noFolders"));
  if (files.length) shelf.add(files);
  box?.focus();
});
addEventListener("dragstart", () => (ours = true));
addEventListener("dragend", () => (ours = false));

/** @param {DataTransfer} data */
function dropped(data) {
  const entries = [...data.items].filter((item) => item.kind === "file").map((item) => item.webkitGetAsEntry?.());
  const all = [...data.files];
  const files = all.filter((_file, index) => !entries[index]?.isDirectory);
  return { files, folders: all.length - files.length };
}
