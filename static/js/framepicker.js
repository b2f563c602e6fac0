// @ts-check
// The frames of a video that the model will see: how many, from where to where, and which of them not.

import { onAction } from "./actions.js";
import { openDialog } from "./dialogs.js";
import { closeView, view, viewOf } from "./frameview.js";
import { slot } from "./page.js";
import { planned } from "./planning.js";
import * as shelf from "./shelf.js";
import { clock, number, seconds } from "./sizes.js";
import { say } from "./words.js";

/** @typedef {import("./shelf.js").Item} Item @typedef {import("./frameview.js").Frame} Frame */

const dialog = /** @type {HTMLDialogElement | null} */ (document.getElementById("frames"));
const form = /** @type {HTMLFormElement | null} */ (document.getElementById("frames-options"));
const template = /** @type {HTMLTemplateElement | null} */ (document.getElementById("t-frame"));
const EVERY_S = [0.1, 0.2, 0.25, 0.5, 0.75, 1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10]; // the service takes 0.1 to 10 a second
const MOST_SHOWN = 128; // more small pictures nobody looks at
const PAUSE_MS = 300;

/** @type {Item | null} */
let item = null;
/** @type {Frame[]} */
let frames = [];
/** @type {number[]} the steps of the slider, seconds between frames, the longest first */
let steps = [];
let sampled = false; // by the slider; else evenly, as many as the strip has
/** @type {AbortController | null} */
let loading = null;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;

/** @param {Item} chosen */
export function chooseFrames(chosen) {
  if (!dialog || !form) return;
  item = chosen;
  const delivery = chosen.delivery ?? {};
  const length = duration();
  const title = slot(dialog, "frames-title");
  if (title) title.textContent = say("framesOf", { name: chosen.name });
  steps = EVERY_S.filter((step) => length / step <= MOST_SHOWN && length / step >= 1).reverse();
  if (!steps.length) steps = [EVERY_S[length > 1 ? EVERY_S.length - 1 : 0]];
  field("every").max = String(steps.length - 1);
  sampled = !!delivery.fps;
  field("every").value = String(nearest(delivery.fps ? 1 / delivery.fps : length / 8));
  field("from").value = clock(delivery.start ?? 0);
  field("to").value = clock(delivery.end ?? length);
  viewOf(chosen);
  openDialog(dialog);
  load(delivery.times);
}

const duration = () => item?.facts?.duration ?? 0;
/** @param {string} name @returns {HTMLInputElement} */
const field = (name) => /** @type {HTMLInputElement} */ (form?.elements.namedItem(name));
/** @param {number} wanted */
function nearest(wanted) {
  const far = steps.map((step) => Math.abs(Math.log(step / wanted)));
  return far.indexOf(Math.min(...far));
}
const every = () => steps[Number(field("every").value)] ?? 1;

/** Start and end, seconds; null where they make no sense. @returns {{ start: number, end: number } | null} */
function range() {
  const [start, end] = [seconds(field("from").value), seconds(field("to").value)];
  const sound = start >= 0 && end > start && start < duration() + 0.05;
  for (const name of ["from", "to"]) field(name).setAttribute("aria-invalid", String(!sound));
  return sound ? { start, end: Math.min(end, duration()) } : null;
}

/** What is chosen, as the protocol has it. */
function delivery() {
  const { start, end } = range() ?? { start: 0, end: duration() };
  const times = chosenTimes();
  /** @type {Record<string, unknown>} */
  const made = { as: "frames" };
  if (sampled) made.fps = Number((1 / every()).toFixed(4));
  if (start > 0.05) made.start = Number(start.toFixed(2));
  if (end < duration() - 0.05) made.end = Number(end.toFixed(2));
  if (times.length < frames.length) made.times = times;
  return made;
}

/** Asks which frames that gives, and shows them. @param {number[]} [only] milliseconds of those that are chosen */
async function load(only) {
  loading?.abort();
  loading = new AbortController();
  const { signal } = loading;
  showEvery();
  const asked = range();
  if (!asked || !item) return complain(say("framesRange", { end: clock(duration()) }));
  frames = [];
  const { times: _times, ...whole } = delivery();
  try {
    // The plan knows how many this model takes, and how many are taken when nobody chose.
    const plan = (await planned(signal, { [item.id]: whole }).catch(() => null))?.attachments?.[item.id];
    const count = plan?.frames?.length;
    const { fps, start, end } = whole;
    let found = await ask(signal, fps ? { fps, start, end } : { count, start, end });
    if (count && count !== found.length) found = await ask(signal, { count, start, end });
    frames = found;
    complain("");
    list(only);
  } catch (error) {
    if (!signal.aborted) complain(/** @type {any} */ (error)?.message || say("failed"));
  }
}

/** @param {AbortSignal} signal @param {Record<string, unknown>} sampling @returns {Promise<Frame[]>} */
async function ask(signal, sampling) {
  const given = Object.entries(sampling).filter(([, value]) => value !== undefined);
  const query = new URLSearchParams(given.map(([name, value]) => [name, String(value)]));
  const headers = { Accept: "application/json" };
  const response = await fetch(`/attachments/${item?.id}/frames/?${query}`, { headers, credentials: "same-origin", signal });
  const answer = await response.json();
  if (!response.ok) throw answer.error;
  return answer.frames;
}

function showEvery() {
  const output = dialog && slot(dialog, "frames-every");
  const said = say("everySeconds", { seconds: number(every()) });
  if (output) output.textContent = sampled ? said : say("wayAutomatic");
  field("every").setAttribute("aria-valuetext", sampled ? said : say("wayAutomatic"));
}

/** @param {number[]} [only] */
function list(only) {
  const place = dialog && slot(dialog, "frames-list");
  if (!place || !template) return;
  place.replaceChildren(...frames.map((frame, index) => {
    const made = /** @type {HTMLElement} */ (template.content.firstElementChild?.cloneNode(true));
    const box = /** @type {HTMLInputElement} */ (made.querySelector("input"));
    const image = new Image(160, 90);
    image.loading = "lazy";
    box.after(image);
    box.value = String(Math.round(frame.time * 1000));
    box.checked = !only || only.includes(Number(box.value));
    image.alt = say("frameNumber", { number: index + 1 });
    image.src = frame.url;
    const time = slot(made, "frame-time");
    if (time) time.textContent = clock(frame.time);
    return made;
  }));
  view(frames[0]);
  count();
}

/** @returns {HTMLInputElement[]} */
const boxes = () => [...(dialog?.querySelectorAll(".frame input") ?? [])].map((one) => /** @type {HTMLInputElement} */ (one));
const chosenTimes = () => boxes().filter((box) => box.checked).map((box) => Number(box.value));

/** How many are chosen, and what the server says to that. */
function count() {
  const chosen = chosenTimes().length;
  const use = /** @type {HTMLButtonElement | null} */ (dialog && slot(dialog, "frames-use"));
  if (use) {
    use.textContent = chosen === 1 ? say("useOneFrame") : say("useFrames", { count: chosen });
    use.disabled = !chosen;
  }
  cost(chosen === 1 ? say("oneFrame") : say("frameCount", { count: chosen }), "");
  clearTimeout(timer);
  timer = setTimeout(() => weigh(chosen), PAUSE_MS);
}

/** @param {number} chosen */
async function weigh(chosen) {
  if (!item || !chosen || !loading) return;
  const { signal } = loading;
  try {
    const plan = (await planned(signal, { [item.id]: delivery() })).attachments?.[item.id];
    if (!plan || signal.aborted || chosen !== chosenTimes().length) return;
    const frames = chosen === 1 ? say("oneFrame") : say("frameCount", { count: chosen });
    cost(frames, plan.tokens ? say("aboutTokens", { tokens: number(plan.tokens) }) : "");
    complain(plan.message);
    const use = /** @type {HTMLButtonElement | null} */ (dialog && slot(dialog, "frames-use"));
    if (use) use.disabled = !!plan.message;
  } catch {
    // Without an estimate the choice stands; the server checks it when it is sent.
  }
}

/** @param {string} frames @param {string} tokens */
function cost(frames, tokens) {
  const place = dialog && slot(dialog, "frames-cost");
  const strong = document.createElement("b");
  strong.textContent = frames;
  place?.replaceChildren(strong, tokens ? ` · ${tokens}` : "");
}

/** @param {string} message */
function complain(message) {
  const line = dialog && slot(dialog, "frames-error");
  if (!line) return;
  line.hidden = !message;
  line.textContent = message;
}

// ---- wiring ----

/** @param {EventTarget | null} target */
function frameOf(target) {
  const frame = target instanceof Element ? target.closest(".frame") : null;
  return frame ? frames[[...(frame.parentElement?.children ?? [])].indexOf(frame)] : undefined;
}

const strip = dialog && slot(dialog, "frames-list");
strip?.addEventListener("focusin", (event) => view(frameOf(event.target)));
strip?.addEventListener("pointerover", (event) => view(frameOf(event.target)));
strip?.addEventListener("change", count);
strip?.addEventListener("keydown", (event) => {
  const all = boxes();
  const at = all.indexOf(/** @type {HTMLInputElement} */ (event.target));
  const onward = getComputedStyle(strip).direction === "rtl" ? -1 : 1;
  const move = /** @type {Record<string, number>} */ ({
    ArrowRight: onward, ArrowLeft: -onward, ArrowDown: columns(all), ArrowUp: -columns(all), Home: -at, End: all.length - 1 - at,
  })[event.key];
  if (at < 0 || move === undefined) return;
  event.preventDefault();
  all[Math.max(0, Math.min(all.length - 1, at + move))]?.focus();
});

/** @param {HTMLElement[]} all */
function columns(all) {
  const top = all[0]?.closest(".frame")?.getBoundingClientRect().top;
  return Math.max(1, all.findIndex((box) => box.closest(".frame")?.getBoundingClientRect().top !== top));
}

form?.addEventListener("input", (event) => {
  if (event.target === field("every")) sampled = true;
  showEvery();
  clearTimeout(timer);
  timer = setTimeout(() => load(), PAUSE_MS);
});
form?.addEventListener("submit", (event) => event.preventDefault());
onAction("frames-all", () => {
  for (const box of boxes()) box.checked = true;
  count();
});
onAction("frames-auto", () => {
  sampled = false;
  field("from").value = clock(0);
  field("to").value = clock(duration());
  field("every").value = String(nearest(duration() / 8));
  load();
});
onAction("frames-cancel", () => dialog?.close());
onAction("frames-use", () => {
  if (!item || !range()) return;
  const made = delivery();
  const plain = Object.keys(made).length === 1 && item.delivery?.as !== "video";
  const cleared = { as: undefined, count: undefined, fps: undefined, start: undefined, end: undefined, times: undefined };
  shelf.deliver(item, plain ? cleared : { ...cleared, ...made });
  dialog?.close();
});
dialog?.addEventListener("close", () => {
  loading?.abort();
  clearTimeout(timer);
  closeView();
});
