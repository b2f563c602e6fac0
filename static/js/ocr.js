// @ts-check
// OCR for the next message: on or off, what to read, which pages. It is an act on the files that are
// attached and not a mood of the chat: sent, it is off again.

import { slot, user } from "./page.js";
import { parsePages, showPages } from "./pageranges.js";
import { currentSchema, showSchema } from "./schema.js";
import * as shelf from "./shelf.js";
import { lasting } from "./stored.js";
import { say } from "./words.js";

const toggle = /** @type {HTMLButtonElement | null} */ (document.getElementById("ocr-toggle"));
const more = document.getElementById("ocr-more");
const pop = document.getElementById("ocr-pop");
const form = /** @type {HTMLFormElement | null} */ (document.getElementById("ocr-options"));
const title = toggle?.title ?? "";
const key = `ocr:${user()}`;
const FIELDS = "key_information_extraction";

/** @param {string} name @returns {HTMLInputElement | HTMLSelectElement | null} */
const field = (name) => /** @type {any} */ (form?.elements.namedItem(name) ?? null);
const isOn = () => toggle?.getAttribute("aria-pressed") === "true" && !toggle.disabled;
const task = () => field("ocr_task")?.value ?? "";

/** What OCR adds to the protocol's `options`; nothing while it is off. @returns {Record<string, unknown>} */
export function recognition() {
  if (!isOn()) return {};
  /** @type {Record<string, unknown>} */
  const options = { task: "ocr", ocr_task: task() || null };
  const schema = task() === FIELDS ? currentSchema() : null;
  if (schema) options.ocr_schema = schema;
  for (const name of ["min_pixels", "max_pixels"]) {
    const value = Number(field(name)?.value);
    if (Number.isInteger(value) && value > 0) options[name] = value;
  }
  return options;
}

/** It was sent. */
export function recognized() {
  if (isOn()) press(false);
}

/** What was sent so came back. @param {Record<string, unknown>} options */
export function recognizeAgain(options) {
  if (options.task !== "ocr" || !toggle || toggle.disabled) return;
  press(true);
}

/** @param {boolean} on */
function press(on) {
  toggle?.setAttribute("aria-pressed", String(on));
  render();
  document.dispatchEvent(new Event("options:changed"));
}

function render() {
  if (!toggle) return;
  const able = isAble();
  toggle.disabled = !able;
  toggle.title = able ? title : say("ocrNotThisModel", { model: modelName() });
  if (!able) toggle.setAttribute("aria-pressed", "false");
  const on = isOn();
  if (more) more.hidden = !on;
  if (!on && pop?.matches(":popover-open")) pop.hidePopover();
  const schema = form && slot(form, "ocr-schema");
  if (schema) schema.hidden = task() !== FIELDS;
  const hint = form && slot(form, "ocr-hint");
  const option = /** @type {HTMLSelectElement | null} */ (field("ocr_task"))?.selectedOptions?.[0];
  if (hint) hint.textContent = option?.dataset.hint ?? "";
}

const radio = () => /** @type {HTMLInputElement | null} */ (document.querySelector('input[name="model"]:checked'));
const modelName = () => radio()?.dataset.name ?? radio()?.value ?? "";

/** Whether the chosen model reads texts in pictures, or one that does is chosen by itself. */
function isAble() {
  const chosen = radio();
  if (!chosen || chosen.value === "auto") return true;
  // Where no model says that it can, there is one model of which nothing is known.
  const can = (/** @type {Element | null | undefined} */ model) => !!model?.querySelector('.caps use[href$="#i-scan"]');
  const anyone = [...document.querySelectorAll("#model-pop .model")].some(can);
  return can(chosen.closest(".model")) || !anyone;
}

// ---- pages ----

/** A field for each PDF that is attached. */
function listPages() {
  const place = form && slot(form, "ocr-pages");
  const template = /** @type {HTMLTemplateElement | null} */ (document.getElementById("t-ocr-pages"));
  if (!place || !template) return;
  const documents = shelf.ready().filter((item) => item.kind === "document" && (item.facts?.pages ?? 0) > 1);
  for (const old of [...place.children]) {
    if (!documents.some((item) => item.key === /** @type {HTMLElement} */ (old).dataset.file)) old.remove();
  }
  for (const item of documents) {
    if (place.querySelector(`[data-file="${item.key}"]`)) continue;
    const made = /** @type {HTMLElement} */ (template.content.firstElementChild?.cloneNode(true));
    made.dataset.file = item.key;
    const input = /** @type {HTMLInputElement} */ (made.querySelector("input"));
    const label = /** @type {HTMLLabelElement} */ (slot(made, "pages-of"));
    input.id = `pages-${item.key}`;
    input.value = showPages(item.delivery?.pages);
    label.htmlFor = input.id;
    label.textContent = say("pagesOf", { name: item.name, count: item.facts?.pages ?? 0 });
    input.addEventListener("input", () => choosePages(made, item, input));
    place.append(made);
  }
  place.hidden = !documents.length;
}

/** @param {HTMLElement} row @param {shelf.Item} item @param {HTMLInputElement} input */
function choosePages(row, item, input) {
  const last = item.facts?.pages ?? 0;
  const pages = parsePages(input.value, last);
  const error = slot(row, "pages-error");
  input.setAttribute("aria-invalid", String(!pages));
  if (error) {
    error.hidden = !!pages;
    error.textContent = pages ? "" : say("pagesWrong", { last });
  }
  if (pages) shelf.deliver(item, { pages: pages.length ? pages : undefined });
}

// ---- wiring ----

toggle?.addEventListener("click", () => press(!isOn()));
form?.addEventListener("submit", (event) => event.preventDefault());
form?.addEventListener("input", () => {
  render();
  if (form) lasting.set(key, { task: task(), schema: currentSchema() });
  document.dispatchEvent(new Event("options:changed"));
});
document.addEventListener("options:changed", render);
document.addEventListener("files:changed", listPages);

const kept = lasting.get(key);
const select = field("ocr_task");
if (select && typeof kept?.task === "string") {
  select.value = kept.task;
  if (select.value !== kept.task) select.value = "";
}
showSchema(kept?.schema);
render();
