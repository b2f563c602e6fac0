// @ts-check
// "How it is sent": the ways by which one file can reach the model, as the server planned them, with what
// each costs; ways that are not possible say why. What is chosen is kept with the file.

import { onAction } from "./actions.js";
import { itemAt } from "./chips.js";
import { crop } from "./cropping.js";
import { chooseFrames } from "./framepicker.js";
import { slot } from "./page.js";
import { parsePages, showPages } from "./pageranges.js";
import { planOf } from "./planning.js";
import * as shelf from "./shelf.js";
import { say } from "./words.js";

/** @typedef {import("./shelf.js").Item} Item @typedef {import("./planning.js").FilePlan} FilePlan */

const pop = document.getElementById("ways-pop");
const form = /** @type {HTMLFormElement | null} */ (document.getElementById("ways"));
const template = /** @type {HTMLTemplateElement | null} */ (document.getElementById("t-way"));
/** @type {Item | null} */
let shown = null;
/** @type {HTMLElement | null} */
let opener = null;

onAction("ways", (button) => {
  shown = itemAt(button) ?? null;
  opener = button;
  if (!pop || !shown) return;
  render();
  /** @type {any} */ (pop).showPopover({ source: button });
  const checked = /** @type {HTMLElement | null} */ (form?.querySelector("input:checked"));
  checked?.focus();
});

pop?.addEventListener("toggle", (event) => {
  if (/** @type {any} */ (event).newState !== "closed") return;
  if (pop.contains(document.activeElement) || document.activeElement === document.body) opener?.focus();
  shown = null;
});

function render() {
  const plan = shown && planOf(shown.id);
  if (!form || !shown || !plan) return;
  const title = slot(form, "ways-title");
  if (title) title.textContent = say("waysOf", { name: shown.name });
  list(plan);
  const delivery = shown.delivery ?? {};
  const text = plan.ways.find((way) => way.as === "text");
  const isImage = shown.kind === "image";
  const reads = plan.as === "ocr" || delivery.as === "ocr";
  toggle("high", isImage && !reads, !!delivery.high);
  // Tokens of an impossible text: it is there, and too long.
  toggle("shorten", !!delivery.shorten || !!(text && !text.possible && text.tokens), !!delivery.shorten);
  const pages = there("way-pages", shown.kind === "document" && reads && (shown.facts?.pages ?? 0) > 1);
  const field = pages?.querySelector("input");
  if (field && field !== document.activeElement) field.value = showPages(delivery.pages);
  there("way-frames", shown.kind === "video" && plan.ways.some((way) => way.as === "frames"));
  there("way-crop", isImage);
  const link = /** @type {HTMLAnchorElement | null} */ (there("way-text", shown.kind === "document" && !!shown.facts?.details?.text_layer));
  if (link) link.href = `/attachments/${shown.id}/text/`;
}

/** @param {FilePlan} plan */
function list(plan) {
  const place = form && slot(form, "ways-list");
  if (!place || !template) return;
  const chosen = shown?.delivery?.as ?? "";
  const focused = /** @type {HTMLInputElement | null} */ (place.querySelector(":focus"))?.value;
  for (const old of place.querySelectorAll(".way")) old.remove();
  const automatic = { as: "", name: say("wayAutomatic"), label: chosen ? "" : plan.label, possible: true, message: "" };
  for (const way of [automatic, ...plan.ways]) {
    const row = /** @type {HTMLElement} */ (template.content.firstElementChild?.cloneNode(true));
    const radio = /** @type {HTMLInputElement} */ (row.querySelector("input"));
    radio.value = way.as;
    radio.checked = way.as === chosen;
    radio.disabled = !way.possible && way.as !== chosen;
    const name = slot(row, "way-name");
    const note = slot(row, "way-note");
    if (name) name.textContent = way.name;
    if (note) note.textContent = way.possible ? way.label : way.message;
    row.toggleAttribute("data-impossible", !way.possible);
    place.append(row);
    if (focused === way.as) radio.focus();
  }
}

/** @param {string} name @param {boolean} on @returns {HTMLElement | null} */
function there(name, on) {
  const part = form && slot(form, name);
  if (part) part.hidden = !on;
  return part;
}

/** @param {"high" | "shorten"} name @param {boolean} on @param {boolean} checked */
function toggle(name, on, checked) {
  const box = there(`way-${name}`, on)?.querySelector("input");
  if (box) box.checked = checked;
}

form?.addEventListener("change", (event) => {
  const field = event.target;
  if (!shown || !(field instanceof HTMLInputElement)) return;
  if (field.name === "as") shelf.deliver(shown, asWay(field.value));
  else if (field.name === "high") shelf.deliver(shown, { high: field.checked || undefined });
  else if (field.name === "shorten") {
    shelf.deliver(shown, { shorten: field.checked || undefined, ...(field.checked ? { as: "text" } : {}) });
  } else if (field.name === "pages") choosePages(field);
});
form?.addEventListener("submit", (event) => event.preventDefault());

/** Another way: what was chosen for the way before does not hold for it. @param {string} as */
function asWay(as) {
  const kept = as === "frames" ? {} : { count: undefined, fps: undefined, times: undefined, start: undefined, end: undefined };
  return { as: as || undefined, ...kept, ...(as === "text" ? {} : { shorten: undefined }) };
}

/** @param {HTMLInputElement} field */
function choosePages(field) {
  const pages = parsePages(field.value, shown?.facts?.pages ?? 0);
  field.setAttribute("aria-invalid", String(!pages));
  if (pages && shown) shelf.deliver(shown, { pages: pages.length ? pages : undefined });
}

onAction("choose-frames", () => leaveFor((item) => chooseFrames(item)));
onAction("crop", () => leaveFor((item) => crop(item)));

/** @param {(item: Item) => void} next */
function leaveFor(next) {
  const item = shown;
  opener?.focus();
  pop?.hidePopover();
  if (item) next(item);
}

document.addEventListener("plan:changed", () => {
  if (!shown) return;
  if (planOf(shown.id)) render();
  else pop?.hidePopover();
});
