// @ts-check
// The files beside the message that is being written, each with its own fate: one that fails or is cancelled
// disturbs neither the others nor the text. `document` hears "files:changed" whenever something about one
// changes, and "files:told" with a sentence for those who hear the page.

import { newId } from "./page.js";
import { facts, fetchFrom, forget, prepared, send } from "./upload.js";
import { kindOf, limits, objection } from "./uploadlimits.js";
import { say } from "./words.js";

/**
 * @typedef {import("./upload.js").Facts} Facts @typedef {import("./upload.js").Problem} Problem
 * @typedef {Record<string, any>} Delivery how the person wants a file to reach the model
 * @typedef {{ id: string, name: string, kind: string, size: number, thumbnail_url?: string | null,
 *   own?: boolean, delivery?: Delivery | null }} Ref a file as drafts, the queue and questions keep it
 * @typedef {"waiting" | "uploading" | "checking" | "processing" | "ready" | "failed"} Status
 */

const AT_ONCE = 3; // uploads; more would only share the same line

export class Item {
  key = newId();
  id = "";
  /** @type {Status} */
  status = "waiting";
  loaded = 0;
  reason = ""; // why it failed
  again = false; // trying again may help
  own = true; // uploaded for this message: nobody else uses it
  preview = ""; // the picture as it is here, until the server's thumbnail is there
  /** @type {Facts | null} */
  facts = null;
  /** @type {Delivery | null} */
  delivery = null;
  /** @type {AbortController | null} */
  work = null;
  gone = false;

  /** @param {{ name: string, size?: number, kind?: string, file?: File | null, address?: string }} from */
  constructor({ name, size = 0, kind = kindOf(name), file = null, address = "" }) {
    this.name = name;
    this.size = size;
    this.kind = kind;
    this.file = file;
    this.address = address;
    if (file && kind === "image") this.preview = URL.createObjectURL(file);
  }

  get isSettled() {
    return this.status === "ready" || this.status === "failed";
  }

  /** @returns {Ref} */
  ref() {
    const { id, name, kind, size, own, delivery } = this;
    return { id, name, kind, size, own, delivery, thumbnail_url: this.facts?.thumbnail_url };
  }

  /** @param {Facts} known */
  learn(known) {
    this.facts = known;
    this.id = known.id;
    this.kind = known.kind || this.kind;
    this.size = known.size || this.size;
    this.name = known.name || this.name;
  }

  dropPreview() {
    if (this.preview) URL.revokeObjectURL(this.preview);
    this.preview = "";
  }
}

/** @type {Item[]} */
let items = [];

export const all = () => items;
export const ready = () => items.filter((item) => item.status === "ready");
export const failed = () => items.filter((item) => item.status === "failed");
export const unfinished = () => items.filter((item) => !item.isSettled);
/** @param {string | undefined} key */
export const find = (key) => items.find((item) => item.key === key);

export const changed = () => document.dispatchEvent(new Event("files:changed"));
/** @param {string} sentence */
const tell = (sentence) => document.dispatchEvent(new CustomEvent("files:told", { detail: sentence }));

/** Takes files in, as far as the message has room. @param {File[]} files @returns {Item[]} */
export function add(files) {
  const fresh = withRoom(files).map((file) => new Item({ name: file.name || say("unnamedFile"), size: file.size, file }));
  for (const item of fresh) {
    const reason = objection(/** @type {File} */ (item.file));
    if (reason) fail(item, { message: reason, again: false });
  }
  items.push(...fresh);
  start();
  return fresh;
}

/** @template T @param {T[]} wanted @returns {T[]} */
function withRoom(wanted) {
  const room = Math.max(0, limits.per_message - items.length);
  if (wanted.length > room) tell(say("tooManyFiles", { limit: limits.per_message, count: wanted.length - room }));
  return wanted.slice(0, room);
}

/** A picture from the web, which the server fetches. @param {string} address */
export function addFrom(address) {
  const { pathname, hostname } = new URL(address);
  const name = decodeURIComponent(pathname.split("/").filter(Boolean).at(-1) ?? "") || hostname;
  items.push(...withRoom([new Item({ name, kind: "image", address })]));
  start();
}

/**
 * Files that the server has, back in their places.
 * @param {Ref[]} refs @param {boolean} [sure] they are there and ready; else the server is asked
 */
export function put(refs, sure = true) {
  const known = new Set(items.map((item) => item.id));
  const back = refs.filter((ref) => ref.id && !known.has(ref.id)).map((ref) => {
    const item = new Item({ name: ref.name, size: ref.size, kind: ref.kind });
    item.learn({ ...ref, status: "ready" });
    item.own = ref.own ?? false;
    item.delivery = ref.delivery ?? null;
    item.status = sure ? "ready" : "processing";
    return item;
  });
  if (!back.length) return;
  items.unshift(...back);
  if (!sure) for (const item of back) recheck(item);
  changed();
}

/** Takes what can be sent off the shelf. @returns {Ref[]} */
export function take() {
  const taken = ready();
  items = items.filter((item) => item.status !== "ready");
  for (const item of taken) item.dropPreview();
  changed();
  return taken.map((item) => item.ref());
}

/** What the server has of it, finished or not. @returns {Ref[]} */
export const refs = () => items.filter((item) => item.id && item.status !== "failed").map((item) => item.ref());

/** Takes a file away; what runs for it ends, what arrived of it is deleted. @param {Item} item */
export function remove(item) {
  item.gone = true;
  items = items.filter((other) => other !== item);
  item.dropPreview();
  // When all bytes have left the server keeps the file: then its answer says what to delete.
  if (item.status !== "checking") item.work?.abort();
  if (item.id && item.own) forget(item.id);
  changed();
  start();
}

/** @param {Item} item */
export function retry(item) {
  if (item.status !== "failed") return;
  item.reason = "";
  item.loaded = 0;
  if (item.id && item.file) {
    forget(item.id); // it failed there: it comes anew
    item.id = "";
  }
  item.status = item.id ? "processing" : "waiting";
  if (item.id) recheck(item);
  else start();
  changed();
}

/** Lets the next ones begin. */
function start() {
  const busy = items.filter((item) => item.status === "uploading" || item.status === "checking").length;
  const waiting = items.filter((item) => item.status === "waiting");
  for (const item of waiting.slice(0, Math.max(0, AT_ONCE - busy))) {
    item.status = "uploading";
    work(item, (signal) => arrive(item, signal));
  }
  changed();
}

/** @param {Item} item @param {AbortSignal} signal */
function arrive(item, signal) {
  if (item.address) return fetchFrom(item.address, signal);
  return send(/** @type {File} */ (item.file), {
    signal,
    progress: (share) => {
      item.loaded = share;
      changed();
    },
    sent: () => {
      item.status = "checking";
      changed();
    },
  });
}

/** @param {Item} item */
const recheck = (item) => work(item, (signal) => facts(item.id, signal), true);

/** @param {Item} item @param {(signal: AbortSignal) => Promise<Facts>} first @param {boolean} [quiet] */
async function work(item, first, quiet = false) {
  item.work = new AbortController();
  const { signal } = item.work;
  try {
    const known = await first(signal);
    if (item.gone) return void (item.own && forget(known.id));
    item.learn(known);
    if (known.status === "processing") item.status = "processing";
    start();
    item.learn(await prepared(known, signal));
    if (item.gone) return;
    item.status = "ready";
    if (!quiet) tell(say("fileReady", { name: item.name }));
  } catch (problem) {
    if (!item.gone) fail(item, /** @type {Problem} */ (problem));
  }
  start();
}

/** @param {Item} item @param {Problem} problem */
function fail(item, problem) {
  if (problem.gone && !item.file) {
    // A draft's file that is not there any more.
    items = items.filter((other) => other !== item);
    return tell(say("draftFileGone", { name: item.name }));
  }
  item.status = "failed";
  item.reason = problem.message || say("uploadFailed");
  item.again = problem.again;
  tell(say("fileFailed", { name: item.name, reason: item.reason }));
}

/** @param {Item} item @param {Delivery} change undefined takes a choice back */
export function deliver(item, change) {
  const next = { ...item.delivery, ...change };
  for (const name of Object.keys(next)) if (next[name] === undefined) delete next[name];
  item.delivery = Object.keys(next).length ? next : null;
  changed();
}

addEventListener("beforeunload", (event) => {
  if (items.some((item) => !item.isSettled && !item.id && item.file)) event.preventDefault();
});
