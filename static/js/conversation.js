// @ts-check
// Keeps the shown thread the server's: subscribes to it, puts new messages where they belong, whoever
// asked for them, and fetches the branch anew when the page has fallen behind.

import { announceStart } from "./announcer.js";
import { begin, isLive, keepingFocus } from "./live.js";
import { article, changed, conversation, isRunning, messages, parsed, request, running, thread, wake } from "./page.js";
import { become } from "./reconcile.js";
import { on, tell } from "./socket.js";
import { toast } from "./toasts.js";
import { say } from "./words.js";

const RECENT_MS = 2_000;
const SETTLE_MS = 400; // another tab's new leaf comes with its messages: only then is a fetch needed

/** @typedef {{ id: string, parent: string | null, role: string, status: string, html?: string }} Message */

/** Subscribes to the shown conversation; each running answer is then sent anew, from its beginning. */
export function open() {
  const id = conversation();
  if (!id) return;
  const streaming = running().map((message) => message.dataset.message);
  tell({ type: "open", request: `open-${id}`, conversation: id, streaming, cut: true });
}

/** Puts a message into the thread, in place of the branch that was shown there. @param {Message} message */
function place(message) {
  const fresh = message.html ? parsed(message.html) : null;
  const shown = article(message.id);
  if (shown) return renew(shown, message, fresh);
  const list = thread();
  if (!list || !fresh) return;
  const parent = message.parent ? article(message.parent) : null;
  if (message.parent && !parent) return void refresh();
  removeAfter(parent, fresh);
  list.append(fresh);
  recent.add(fresh);
  setTimeout(() => recent.delete(fresh), RECENT_MS);
  wake(fresh);
  if (message.role === "assistant" && isRunning(fresh.dataset.status)) announceStart(fresh);
}

/** @type {Set<HTMLElement>} what has been placed just now: several models answer one question at once */
const recent = new Set();

/**
 * What follows `parent` is another branch now; answers that are asked for together stay beside.
 * @param {HTMLElement | null} parent @param {HTMLElement} fresh
 */
function removeAfter(parent, fresh) {
  const all = messages();
  for (const other of parent ? all.slice(all.indexOf(parent) + 1) : all) {
    const beside = "lanes" in fresh.dataset && other.dataset.parent === fresh.dataset.parent;
    if (!beside || !recent.has(other)) other.remove();
  }
  for (const newer of thread()?.querySelectorAll(":scope > .msg ~ a.older") ?? []) newer.remove();
}

/** @param {HTMLElement} shown @param {Message} message @param {HTMLElement | null} fresh */
function renew(shown, message, fresh) {
  const status = fresh?.dataset.status ?? message.status;
  if (isRunning(status)) {
    if (isRunning(shown.dataset.status)) return;
    begin(shown, "queued");
    announceStart(shown);
  } else if (fresh && !isLive(shown)) keepingFocus(shown, () => become(shown, fresh));
}

/** A new chat has got its place. @param {string} id */
function adopt(id) {
  const list = thread();
  if (!list) return;
  list.dataset.conversation = id;
  history.replaceState(null, "", `/c/${id}/`);
  document.querySelector(".transcript--empty")?.classList.remove("transcript--empty");
  for (const part of document.querySelectorAll(".welcome, .suggest, .scenery")) part.remove();
  for (const field of document.querySelectorAll('.sidebar input[name="current"]')) {
    /** @type {HTMLInputElement} */ (field).value = id;
  }
  complete(id);
  document.dispatchEvent(new CustomEvent("conversation:adopted", { detail: id }));
}

/** What only a stored chat has, its menu and its pencil, comes from its page. @param {string} id */
async function complete(id) {
  try {
    const response = await request(`/c/${id}/`, { whole: true });
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    if (conversation() !== id || document.getElementById("rename-link")) return;
    const menu = page.getElementById("chat-menu");
    const rename = page.getElementById("rename-link");
    const more = page.querySelector('.header [popovertarget="chat-menu"]');
    if (rename) document.querySelector(".header__title")?.append(rename);
    if (more) document.querySelector(".header")?.append(more);
    if (menu) document.getElementById("row-menu")?.after(menu);
    for (const part of [rename, more, menu]) if (part) wake(part);
  } catch {
    // They are there after the next load.
  }
}

/** @type {AbortController | null} */
let fetching = null;

/** Fetches the current branch and shows it. */
async function refresh() {
  const id = conversation();
  if (!id) return;
  if (document.querySelector("[data-editing]")) {
    return document.addEventListener("editing:closed", () => refresh(), { once: true });
  }
  fetching?.abort();
  fetching = new AbortController();
  try {
    const response = await request(`/c/${id}/thread/`, { signal: fetching.signal });
    const fresh = parsed(await response.text());
    if (fresh && conversation() === id) swap(fresh);
  } catch {
    // Aborted, or the network is gone: the next connection compares again.
  }
}

/**
 * Makes the thread the one that the server sent. What both have stays, with older messages before it and
 * with what runs.
 * @param {HTMLElement} fresh
 */
export function swap(fresh) {
  const list = thread();
  if (!list) return;
  const all = /** @type {HTMLElement[]} */ ([...fresh.children]);
  const news = all.slice(all.findIndex((part) => part.matches(".msg")));
  const first = news[0] && document.getElementById(news[0].id);
  if (first?.parentElement !== list) list.replaceChildren(...fresh.childNodes);
  else merge(list, /** @type {HTMLElement} */ (first), news);
  for (const name of ["conversation", "leaf"]) {
    const value = fresh.dataset[name];
    if (value !== undefined) list.dataset[name] = value;
  }
  wake(list);
  open();
  changed();
}

/** @param {HTMLElement} list @param {HTMLElement} first @param {HTMLElement[]} news */
function merge(list, first, news) {
  const olds = /** @type {HTMLElement[]} */ ([...list.children]);
  const shown = olds.slice(olds.indexOf(first));
  let index = 0;
  for (; index < news.length; index += 1) {
    const [old, next] = [shown[index], news[index]];
    if (!old || (next.id ? old.id !== next.id : !old.isEqualNode(next))) break;
    const runs = isRunning(old.dataset.status) || isRunning(next.dataset.status);
    if (!runs) keepingFocus(old, () => become(old, next));
  }
  for (const old of shown.slice(index)) old.remove();
  list.append(...news.slice(index));
}

/** Whether the address names a branch of its own, which may not be the current one. */
export const isElsewhere = () => /[?&](leaf|before)=/.test(location.search);

/** @type {ReturnType<typeof setTimeout> | undefined} */
let settling;

/** The server's leaf: where it is not the page's, the page shows another branch. @param {string | null} leaf */
function compare(leaf) {
  clearTimeout(settling);
  if (isElsewhere()) return;
  if (!leaf || leaf === thread()?.dataset.leaf) return;
  settling = setTimeout(() => {
    if (thread()?.dataset.leaf !== leaf) refresh();
  }, SETTLE_MS);
}

on("ready", open);
on("opened", ({ conversation: opened }) => {
  if (opened.id === conversation()) compare(opened.leaf);
});
on("ack", (ack) => {
  if (!ack.messages?.length) return;
  if (!conversation()) adopt(ack.conversation);
  // A command of a page that this tab has left: its answer is not for here.
  if (ack.conversation !== conversation()) return void tell({ type: "close", conversation: ack.conversation });
  document.dispatchEvent(new CustomEvent("thread:acknowledged", { detail: ack.request }));
  if (isElsewhere()) history.replaceState(null, "", `/c/${ack.conversation}/`);
  for (const message of ack.messages) place(message);
  moveLeaf(ack.messages);
  changed();
});
on("message", ({ conversation: of, message }) => {
  if (of && of !== conversation()) return;
  place(message);
  moveLeaf([message]);
  changed();
});

/** The branch ends in the first answer. @param {Message[]} added */
function moveLeaf(added) {
  const list = thread();
  const leaf = added.find((message) => message.role === "assistant") ?? added.at(-1);
  if (list && leaf && article(leaf.id)) list.dataset.leaf = leaf.id;
}

// Where what the model was sent begins, once not everything fits any more.
on("end", ({ context_from: first }) => {
  const message = first && article(first);
  const mark = /** @type {HTMLTemplateElement | null} */ (document.getElementById("t-trimmed"));
  if (!message || !mark || message.previousElementSibling?.matches(".divider--trimmed")) return;
  for (const old of document.querySelectorAll(".divider--trimmed")) old.remove();
  message.before(mark.content.cloneNode(true));
});

on("conversation", ({ conversation: told }) => {
  if (told.id !== conversation()) return;
  if (told.deleted) return location.assign("/");
  if (told.leaf) compare(told.leaf);
});
on("error", ({ request: id, code }) => {
  if (id === `open-${conversation()}` && code === "not_found") toast(say("conversationGone"), { stays: true });
});
