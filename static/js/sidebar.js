// @ts-check
// The list of conversations follows what happens: titles, what is being answered, what has a new answer. A
// row that is not there yet comes from the server with the list.

import { onAction } from "./actions.js";
import { conversation, slot } from "./page.js";
import { on } from "./socket.js";
import { lasting } from "./stored.js";
import { say } from "./words.js";

const RELOAD_MS = 150; // several changes at once are one fetch

/** @typedef {{ id: string, title?: string, updated?: string, generating?: boolean, deleted?: boolean }} Told */

const list = () => document.getElementById("conversations");
/** @param {string} id @returns {HTMLElement | null} */
const rowOf = (id) => document.querySelector(`.nav-row[data-conversation="${CSS.escape(id)}"]`);
/** @type {Map<string, string>} */
const order = new Map(); // when each was last said to have changed

on("conversation", ({ conversation }) => hear(conversation));
// The answer to the form says the same, for when nobody is connected.
document.addEventListener("renamed", (event) => hear(/** @type {CustomEvent} */ (event).detail));

/** @param {Told} told */
function hear(told) {
  if (told.id === conversation() && told.title) name(told.title);
  const row = rowOf(told.id);
  if (told.deleted) return row && remove(row);
  if (!row) return reload();
  update(row, told);
  const moved = told.updated && order.get(told.id) !== told.updated;
  if (told.updated) order.set(told.id, told.updated);
  if (moved && told.generating && !isFirst(row)) reload();
}

// What changed while nobody was connected was told to nobody.
let missed = false;
on("down", () => (missed = true));
on("ready", () => {
  if (missed) reload();
  missed = false;
});

/** @param {string} title */
function name(title) {
  const heading = document.getElementById("title");
  if (heading && heading.textContent !== title) heading.textContent = title;
  document.title = `${title} – qwenchat`;
}

/** @param {HTMLElement} row @param {Told} told */
function update(row, told) {
  const title = slot(row, "row-title");
  if (title && told.title && title.textContent !== told.title) {
    title.textContent = told.title;
    row.querySelector(".nav-row__menu")?.setAttribute("aria-label", say("rowActions", { title: told.title }));
  }
  const spinner = /** @type {HTMLElement | null} */ (row.querySelector(".spinner"));
  const dot = /** @type {HTMLElement | null} */ (row.querySelector(".dot"));
  const note = slot(row, "row-note");
  const ended = spinner && !spinner.hidden && told.generating === false;
  if (spinner) spinner.hidden = !told.generating;
  const unread = told.id !== conversation() && !told.generating && (ended || (dot && !dot.hidden));
  if (dot) dot.hidden = !unread;
  if (note) note.textContent = told.generating ? say("generating") : unread ? say("newAnswer") : "";
}

/** @param {HTMLElement} row */
function remove(row) {
  const group = row.closest(".nav-group");
  if (row.contains(document.activeElement)) list()?.focus();
  row.remove();
  if (group && !group.querySelector(".nav-row")) group.remove();
}

/** @param {HTMLElement} row */
const isFirst = (row) => list()?.querySelector(".nav-row") === row;

/** @type {ReturnType<typeof setTimeout> | undefined} */
let reloading;

/** Fetches the list's first page, unless the person is searching in it or reading far below. */
function reload() {
  clearTimeout(reloading);
  reloading = setTimeout(async () => {
    const nav = list();
    const search = /** @type {HTMLInputElement | null} */ (document.getElementById("chat-search"));
    if (!nav || search?.value) return;
    const focused = nav.contains(document.activeElement) ? document.activeElement : null;
    const id = /** @type {HTMLElement | null | undefined} */ (focused?.closest(".nav-row"))?.dataset.conversation;
    const unread = [...nav.querySelectorAll(".nav-row:has(.dot:not([hidden]))")].map((row) => row.id);
    const address = `/conversations/?current=${encodeURIComponent(conversation())}`;
    try {
      await /** @type {any} */ (window).htmx?.ajax("GET", address, { target: nav, swap: "innerHTML" });
    } catch {
      return; // the network is gone: the list is fetched when it is back
    }
    for (const row of unread) markUnread(document.getElementById(row));
    const link = rowOf(id ?? "")?.querySelector(".nav-row__link");
    if (focused) /** @type {HTMLElement} */ (link ?? nav).focus();
  }, RELOAD_MS);
}

// A list that was asked for before the person searched on comes too late: it would bring back what they left out.
document.addEventListener("htmx:beforeSwap", (event) => {
  const detail = /** @type {CustomEvent} */ (event).detail;
  const search = /** @type {HTMLInputElement | null} */ (document.getElementById("chat-search"));
  if (!search || detail.target !== list()) return;
  const asked = new URLSearchParams(String(detail.pathInfo?.finalRequestPath ?? "").split("?")[1]);
  if ((asked.get("q") ?? "") !== search.value) detail.shouldSwap = false;
});

/** @param {HTMLElement | null} row */
function markUnread(row) {
  const dot = /** @type {HTMLElement | null | undefined} */ (row?.querySelector(".dot"));
  if (!row || !dot) return;
  dot.hidden = false;
  const note = slot(row, "row-note");
  if (note) note.textContent = say("newAnswer");
}

// ---- shown or not ----

/** @param {boolean} collapsed */
function collapse(collapsed) {
  const bar = document.getElementById("sidebar");
  if (!bar) return;
  const within = bar.contains(document.activeElement);
  bar.toggleAttribute("data-collapsed", collapsed);
  for (const button of document.querySelectorAll('[data-action="toggle-sidebar"]')) {
    button.setAttribute("aria-expanded", String(!collapsed));
  }
  if (collapsed && within) /** @type {HTMLElement | null} */ (document.querySelector(".show-sidebar"))?.focus();
}

export function toggleSidebar() {
  const bar = document.getElementById("sidebar");
  if (!bar) return;
  if (matchMedia("(width < 48rem)").matches) return bar.togglePopover();
  const collapsed = !bar.hasAttribute("data-collapsed");
  const focused = document.activeElement?.matches(".show-sidebar");
  collapse(collapsed);
  if (focused) /** @type {HTMLElement | null} */ (bar.querySelector('[data-action="toggle-sidebar"]'))?.focus();
  lasting.set("sidebar", collapsed ? "collapsed" : null);
}

onAction("toggle-sidebar", toggleSidebar);
if (lasting.get("sidebar") === "collapsed") collapse(true);
