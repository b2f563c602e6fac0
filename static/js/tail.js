// @ts-check
// The unfinished last block of a running answer: its HTML grows, is cut at its end and grows again. Most
// of the time the only change is more text in the last text node, and then that node grows; anything
// else is parsed and reconciled.

import { reconcile } from "./reconcile.js";

const CLOSERS = /(?:<\/[a-z][a-z0-9]*>)*$/;

/**
 * What a delta makes of the tail's HTML. `drop` counts UTF-16 units to take off its end first; without it
 * the tail is replaced.
 * @param {string} html
 * @param {{ drop?: number, tail?: string }} delta
 */
export function grown(html, { drop, tail }) {
  if (drop !== undefined) return html.slice(0, html.length - drop) + (tail ?? "");
  return tail ?? html;
}

/**
 * The text that was added inside the last open element, and the names of the elements it is in, outermost
 * first; null if more than that changed.
 * @param {string} shown @param {string} next
 */
function appended(shown, next) {
  const closers = CLOSERS.exec(shown)?.[0] ?? "";
  const stem = shown.slice(0, shown.length - closers.length);
  if (next.length < shown.length || !next.startsWith(stem) || !next.endsWith(closers)) return null;
  const added = next.slice(stem.length, next.length - closers.length);
  if (added.includes("<")) return null;
  const names = [...closers.matchAll(/<\/([a-z0-9]+)>/g)].map((match) => match[1]).reverse();
  return { text: decoded(added), names };
}

const reader = document.createElement("textarea"); // its content is text with entities, never elements

/** @param {string} html */
function decoded(html) {
  if (!html.includes("&")) return html;
  // A leading line break is dropped by the parser in a textarea.
  reader.innerHTML = html.startsWith("\n") ? `\n${html}` : html;
  return reader.value;
}

/**
 * Shows `next` in an element that shows `shown`.
 * @param {HTMLElement} element @param {string} shown @param {string} next
 */
export function show(element, shown, next) {
  if (shown === next) return;
  const added = appended(shown, next);
  const place = added && inside(element, added.names);
  if (!added || !place) {
    const template = document.createElement("template");
    template.innerHTML = next;
    return reconcile(element, template.content);
  }
  if (!added.text) return;
  const last = place.lastChild;
  if (last instanceof Text) last.appendData(added.text);
  else place.append(added.text);
}

/**
 * The element that the closing tags of its tail close, found along the last children.
 * @param {Element} element @param {string[]} names
 */
function inside(element, names) {
  for (const name of names) {
    const last = element.lastChild;
    if (!(last instanceof Element) || last.localName !== name) return null;
    element = last;
  }
  return element;
}
