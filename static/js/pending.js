// @ts-check
// A question that is on its way: shown at once, until the server's own fragment takes its place.

import { icon, slot, thread } from "./page.js";
import { toEnd } from "./scroll.js";

/** @param {string} request @returns {HTMLElement | null} */
export const pending = (request) => document.querySelector(`[data-request="${CSS.escape(request)}"]`);

/** @param {string} request @param {string} text @param {import("./shelf.js").Ref[]} files */
export function showPending(request, text, files) {
  const template = /** @type {HTMLTemplateElement | null} */ (document.getElementById("t-pending"));
  const message = /** @type {HTMLElement | undefined} */ (template?.content.firstElementChild?.cloneNode(true));
  if (!message || pending(request)) return;
  message.dataset.request = request;
  const bubble = slot(message, "text") ?? message.querySelector(".bubble");
  if (bubble) {
    bubble.textContent = text;
    bubble.hidden = !text;
    if (files.length) bubble.before(row(files));
  }
  thread()?.append(message);
  toEnd();
}

/** @param {import("./shelf.js").Ref[]} files */
function row(files) {
  const place = document.createElement("div");
  place.className = "atts";
  place.append(...files.map((file) => (file.thumbnail_url && file.kind === "image" ? picture(file) : label(file))));
  return place;
}

/** @param {import("./shelf.js").Ref} file */
function picture(file) {
  const frame = document.createElement("span");
  frame.className = "att-img";
  const image = new Image();
  image.src = file.thumbnail_url ?? "";
  image.alt = file.name;
  frame.append(image);
  return frame;
}

/** @param {import("./shelf.js").Ref} file */
function label(file) {
  const made = document.createElement("span");
  made.className = "att-file";
  const mark = document.createElement("span");
  mark.className = "att-file__icon";
  mark.append(icon(file.kind === "video" ? "film" : file.kind === "image" ? "image" : "file", "md"));
  const name = document.createElement("span");
  name.className = "att-file__text truncate";
  name.dir = "auto";
  name.textContent = file.name;
  made.append(mark, name);
  return made;
}

/** The files of a question in the thread. @param {HTMLElement} question @returns {import("./shelf.js").Ref[]} */
export function filesOf(question) {
  try {
    return JSON.parse(question.dataset.attachments ?? "[]");
  } catch {
    return [];
  }
}
