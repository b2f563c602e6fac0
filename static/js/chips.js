// @ts-check
// Shows the files beside the message as chips: what each is, how far it is in words, what can be done.

import { onAction } from "./actions.js";
import { announce } from "./announcer.js";
import { icon, slot } from "./page.js";
import { planOf } from "./planning.js";
import * as shelf from "./shelf.js";
import { size } from "./sizes.js";
import { say } from "./words.js";

/** @typedef {import("./shelf.js").Item} Item */

const list = document.getElementById("chips");
const template = /** @type {HTMLTemplateElement | null} */ (document.getElementById("t-chip"));
const ICONS = /** @type {Record<string, string>} */ ({ image: "image", video: "film", document: "file" });
const SPEAK_MS = 250; // what comes together is said together

/** @param {Item} item @returns {HTMLElement | null} */
const chipOf = (item) => list?.querySelector(`[data-key="${item.key}"]`) ?? null;

function render() {
  if (!list) return;
  const items = shelf.all();
  for (const chip of [...list.children]) {
    if (!items.some((item) => item.key === /** @type {HTMLElement} */ (chip).dataset.key)) leave(/** @type {HTMLElement} */ (chip));
  }
  items.forEach((item, index) => {
    const chip = chipOf(item) ?? make(item);
    if (chip && list.children[index] !== chip) list.insertBefore(chip, list.children[index] ?? null);
    if (chip) show(chip, item);
  });
  list.hidden = !items.length;
}

/** The focus moves on to the next chip, or back to the text. @param {HTMLElement} chip */
function leave(chip) {
  const focused = chip.contains(document.activeElement);
  const next = chip.nextElementSibling ?? chip.previousElementSibling;
  chip.remove();
  if (!focused) return;
  const button = /** @type {HTMLElement | null} */ (next?.querySelector('[data-action="remove-file"]') ?? null);
  (button ?? document.getElementById("composer-text"))?.focus();
}

/** @param {Item} item @returns {HTMLElement | null} */
function make(item) {
  const chip = /** @type {HTMLElement | undefined} */ (template?.content.firstElementChild?.cloneNode(true));
  if (!chip || !list) return null;
  chip.dataset.key = item.key;
  list.append(chip);
  return chip;
}

/** @param {HTMLElement} chip @param {Item} item */
function show(chip, item) {
  const plan = item.status === "ready" ? planOf(item.id) : null;
  const failed = item.status === "failed" && chip.dataset.status !== "failed";
  set(chip, "status", item.status);
  set(chip, "plan", plan?.message ? "impossible" : "");
  write(slot(chip, "name"), item.name);
  slot(chip, "name")?.setAttribute("title", item.name);
  const state = stateOf(item);
  write(slot(chip, "state"), state);
  slot(chip, "state")?.setAttribute("title", plan ? plan.message || plan.label : item.reason);
  const meter = chip.querySelector("progress");
  if (meter) {
    meter.hidden = item.status !== "uploading" || !!item.address;
    meter.value = Math.round(item.loaded * 100);
    meter.setAttribute("aria-label", say("uploadingFile", { name: item.name }));
  }
  picture(chip, item);
  button(chip, "remove-file", true, item.isSettled ? "removeFile" : "cancelFile", item);
  button(chip, "retry-file", item.status === "failed" && item.again, "retryFile", item);
  button(chip, "ways", !!plan?.ways?.length, "waysOf", item);
  if (failed) requestAnimationFrame(() => chip.scrollIntoView({ block: "nearest", inline: "nearest" }));
}

/** How far a file is, in words. @param {Item} item */
function stateOf(item) {
  if (item.status === "ready") {
    const plan = planOf(item.id);
    if (plan?.message) return plan.message;
    return [size(item.size), plan?.short].filter(Boolean).join(" · ");
  }
  if (item.status === "failed") return item.reason;
  if (item.status === "uploading") {
    return item.address ? say("fetchingFile") : say("uploadingPercent", { percent: Math.round(item.loaded * 100) });
  }
  return say(item.status === "waiting" ? "fileWaiting" : item.status === "checking" ? "fileChecking" : "filePreparing");
}

/** @param {HTMLElement} chip @param {Item} item */
function picture(chip, item) {
  const place = slot(chip, "thumb");
  if (!place) return;
  const busy = item.status === "checking" || item.status === "processing";
  const source = item.status === "failed" ? "" : item.facts?.thumbnail_url || item.preview;
  const wanted = source || (item.status === "failed" ? "alert" : busy ? "busy" : ICONS[item.kind] ?? "file");
  if (place.dataset.shown === wanted) return;
  place.dataset.shown = wanted;
  if (wanted === "busy") {
    const spinner = document.createElement("span");
    spinner.className = "spinner";
    return place.replaceChildren(spinner);
  }
  if (!source) return place.replaceChildren(icon(wanted, "md"));
  const image = new Image();
  image.alt = "";
  image.onload = () => {
    if (place.dataset.shown !== wanted) return;
    place.replaceChildren(image);
    if (source !== item.preview) item.dropPreview();
  };
  // The browser cannot draw this kind: the server's thumbnail comes later.
  image.onerror = () => place.dataset.shown === wanted && place.replaceChildren(icon(ICONS[item.kind] ?? "file", "md"));
  image.src = source;
  if (!place.firstElementChild) place.replaceChildren(icon(ICONS[item.kind] ?? "file", "md"));
}

/**
 * @param {HTMLElement} chip @param {string} action @param {boolean} there
 * @param {"removeFile" | "cancelFile" | "retryFile" | "waysOf"} word @param {Item} item
 */
function button(chip, action, there, word, item) {
  const found = /** @type {HTMLElement | null} */ (chip.querySelector(`[data-action="${action}"]`));
  if (!found) return;
  if (!there && found === document.activeElement) {
    /** @type {HTMLElement | null} */ (chip.querySelector('[data-action="remove-file"]'))?.focus();
  }
  found.hidden = !there;
  const label = say(word, { name: item.name });
  if (found.getAttribute("aria-label") === label) return;
  found.setAttribute("aria-label", label);
  found.title = label;
}

/** @param {HTMLElement} chip @param {string} name @param {string} value */
function set(chip, name, value) {
  if (!value) delete chip.dataset[name];
  else if (chip.dataset[name] !== value) chip.dataset[name] = value;
}

/** @param {HTMLElement | null} place @param {string} text */
function write(place, text) {
  if (place && place.textContent !== text) place.textContent = text;
}

/** The item of the chip that a button is in. @param {HTMLElement} within */
export const itemAt = (within) =>
  shelf.find(/** @type {HTMLElement | null} */ (within.closest("[data-key]"))?.dataset.key);

/** @type {string[]} */
let unsaid = [];
/** @type {ReturnType<typeof setTimeout> | undefined} */
let speaking;
document.addEventListener("files:told", (event) => {
  unsaid.push(/** @type {CustomEvent} */ (event).detail);
  clearTimeout(speaking);
  speaking = setTimeout(() => {
    announce(unsaid.join(" "));
    unsaid = [];
  }, SPEAK_MS);
});

onAction("remove-file", (within) => {
  const item = itemAt(within);
  if (!item) return;
  shelf.remove(item);
  announce(say("fileRemoved", { name: item.name }));
});
onAction("retry-file", (within) => {
  const item = itemAt(within);
  if (item) shelf.retry(item);
});
document.addEventListener("files:changed", render);
document.addEventListener("plan:changed", render);
render();
