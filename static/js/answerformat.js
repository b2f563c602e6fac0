// @ts-check
// The form of the answer: text, JSON, or JSON that follows a schema. The schema is made of rows (name, kind,
// description, required), or written; what rows cannot say stays written.

import { can, unable } from "./abilities.js";
import { onAction } from "./actions.js";
import { slot } from "./page.js";
import { say } from "./words.js";

/** @typedef {{ type: "object", properties: Record<string, any>, required?: string[], [more: string]: unknown }} Schema */
/** @typedef {{ kind?: string, schema?: unknown }} Kept */

const select = /** @type {HTMLSelectElement | null} */ (document.getElementById("o-response_format"));
const place = document.getElementById("answer-schema");
const rows = place && slot(place, "answer-rows");
const text = /** @type {HTMLTextAreaElement | null} */ (place && slot(place, "answer-text"));
const template = /** @type {HTMLTemplateElement | null} */ (document.getElementById("t-answer-row"));
const button = place?.querySelector('[data-action="answer-json"]') ?? null;
const box = /** @type {HTMLTextAreaElement | null} */ (document.getElementById("composer-text"));

const isJson = () => button?.getAttribute("aria-pressed") === "true";

/** The protocol's `response_format`; undefined for text. @returns {Record<string, unknown> | undefined} */
export function responseFormat() {
  if (select?.value === "json_object") return { type: "json_object" };
  if (select?.value !== "json_schema") return undefined;
  const { schema } = read();
  return schema ? { type: "json_schema", json_schema: { name: "answer", strict: true, schema } } : undefined;
}

/** JSON is refused while the model thinks, so then it does not. */
export const forbidsThinking = () => !!select?.value;

/** @returns {Kept} */
export function keptFormat() {
  const { schema } = read();
  return { kind: select?.value || undefined, schema: schema ?? undefined };
}

/** @param {Kept | undefined} kept */
export function recallFormat(kept) {
  if (select && kept?.kind && [...select.options].some((one) => one.value === kept.kind)) select.value = kept.kind;
  showSchema(kept?.schema);
}

/** What the chosen model leaves to choose. @param {boolean} always it cannot be told not to think */
export function showFormat(always) {
  if (!select) return;
  const hint = document.getElementById("o-response_format-hint");
  for (const option of select.options) {
    if (option.value === "json_object") option.disabled = !can("json") || always;
    if (option.value === "json_schema") option.disabled = !can("schema") || always;
  }
  if (select.selectedOptions[0]?.disabled) select.value = "";
  const options = [...select.options];
  const why = options.every((one) => one.disabled || !one.value)
    ? say("jsonNotThisModel", { model: unable("json") || unable("schema") })
    : options.some((one) => one.value === "json_schema" && one.disabled)
      ? say("schemaNotThisModel", { model: unable("schema") })
      : "";
  if (hint) hint.textContent = forbidsThinking() ? say("jsonWithoutThinking") : why || say("formatHint");
  if (place) place.hidden = select.value !== "json_schema";
  showWord();
}

// ---- the word that the service wants ----

/** Whether the message lacks the word without which the service refuses plain JSON. */
const lacksWord = () => select?.value === "json_object" && !!box?.value.trim() && !/json/i.test(box.value);

function showWord() {
  const note = document.getElementById("json-word");
  if (!note) return;
  const shown = lacksWord();
  if (note.hidden === !shown) return;
  if (!shown && note.contains(document.activeElement)) box?.focus();
  note.hidden = !shown;
}

onAction("add-json-word", () => {
  if (!box) return;
  box.value = `${box.value.trimEnd()}\n\n${say("jsonSentence")}`;
  box.dispatchEvent(new Event("input", { bubbles: true }));
  box.focus();
  box.setSelectionRange(box.value.length, box.value.length);
});
box?.addEventListener("input", showWord);
// What is sent leaves the box without an input event of its own.
document.addEventListener("thread:changed", showWord);
document.getElementById("composer")?.addEventListener("submit", () => setTimeout(showWord));
box?.addEventListener("keyup", showWord);

// ---- the schema ----

/** @param {unknown} schema */
function showSchema(schema) {
  if (!rows || !text) return;
  const found = schema === undefined ? [] : asRows(schema);
  text.value = schema === undefined ? "" : JSON.stringify(schema, null, 2);
  if (!found) return look(true);
  rows.replaceChildren(...found.map(row));
  if (!found.length) rows.append(row());
  look(false);
}

/** @typedef {{ name: string, kind: string, note: string, required: boolean }} Row */

/** @param {Row} [values] */
function row(values = { name: "", kind: "string", note: "", required: true }) {
  const made = /** @type {HTMLElement} */ (template?.content.firstElementChild?.cloneNode(true));
  /** @type {HTMLInputElement} */ (slot(made, "answer-name")).value = values.name;
  /** @type {HTMLSelectElement} */ (slot(made, "answer-kind")).value = values.kind;
  /** @type {HTMLInputElement} */ (slot(made, "answer-note")).value = values.note;
  /** @type {HTMLInputElement} */ (slot(made, "answer-required")).checked = values.required;
  return made;
}

/** The rows that say the same; null where rows cannot. @param {unknown} schema @returns {Row[] | null} */
function asRows(schema) {
  const { properties, required } = /** @type {Schema} */ (schema) ?? {};
  if (typeof properties !== "object" || properties === null) return null;
  const made = Object.entries(properties).map(([name, inner]) => ({
    name,
    kind: String(inner?.type ?? ""),
    note: String(inner?.description ?? ""),
    required: Array.isArray(required) && required.includes(name),
  }));
  return sorted(schema) === sorted(fromRows(made)) ? made : null;
}

/** @param {Row[]} from @returns {Schema} */
function fromRows(from) {
  const properties = Object.fromEntries(from.map(({ name, kind, note }) => [name, {
    type: kind,
    ...(kind === "array" ? { items: { type: "string" } } : {}),
    ...(note ? { description: note } : {}),
  }]));
  const required = from.filter((one) => one.required).map((one) => one.name);
  return { type: "object", properties, required, additionalProperties: false };
}

/** JSON whose order of names says nothing. @param {unknown} value @returns {string} */
function sorted(value) {
  return JSON.stringify(value, (_key, one) =>
    one && typeof one === "object" && !Array.isArray(one)
      ? Object.fromEntries(Object.entries(one).sort(([a], [b]) => (a < b ? -1 : 1)))
      : one);
}

/** What is chosen, or what is wrong with it. @returns {{ schema: Record<string, any> | null, error: string }} */
function read() {
  return isJson() ? written() : listed();
}

function written() {
  try {
    const schema = JSON.parse(text?.value || "{}");
    if (typeof schema !== "object" || schema === null || Array.isArray(schema)) {
      return { schema: null, error: say("answerSchemaNotObject") };
    }
    const isObject = schema.type === "object" && typeof schema.properties === "object" && schema.properties !== null;
    return isObject ? { schema, error: "" } : { schema: null, error: say("answerSchemaNotObject") };
  } catch {
    return { schema: null, error: say("schemaNotJson") };
  }
}

function listed() {
  /** @type {Row[]} */
  const found = [];
  for (const one of /** @type {HTMLElement[]} */ ([...(rows?.children ?? [])])) {
    const name = /** @type {HTMLInputElement} */ (slot(one, "answer-name")).value.trim();
    const note = /** @type {HTMLInputElement} */ (slot(one, "answer-note")).value.trim();
    if (!name && !note) continue;
    if (!name) return { schema: null, error: say("schemaNameMissing") };
    if (found.some((other) => other.name === name)) return { schema: null, error: say("schemaNameTwice", { name }) };
    const kind = /** @type {HTMLSelectElement} */ (slot(one, "answer-kind")).value;
    const { checked } = /** @type {HTMLInputElement} */ (slot(one, "answer-required"));
    found.push({ name, kind, note, required: checked });
  }
  return found.length ? { schema: fromRows(found), error: "" } : { schema: null, error: "" };
}

/** @param {boolean} json */
function look(json) {
  button?.setAttribute("aria-pressed", String(json));
  const add = place && slot(place, "answer-add");
  if (rows) rows.hidden = json;
  if (add) add.hidden = json;
  if (text) text.hidden = !json;
  check();
}

/** @param {string} [instead] */
function check(instead) {
  const line = place && slot(place, "answer-error");
  const error = instead ?? read().error;
  if (line) {
    line.hidden = !error;
    line.textContent = error;
  }
  text?.setAttribute("aria-invalid", String(!!error && isJson()));
}

function told() {
  check();
  document.dispatchEvent(new Event("abilities:changed"));
}

onAction("answer-json", () => {
  const { schema } = read();
  if (!isJson()) {
    if (text) text.value = JSON.stringify(schema ?? fromRows([]), null, 2);
    look(true);
    return text?.focus();
  }
  const found = schema && asRows(schema);
  if (!found) {
    if (schema) check(say("answerSchemaTooRich"));
    return text?.focus();
  }
  showSchema(schema);
});
onAction("answer-add", () => {
  const made = row();
  rows?.append(made);
  slot(made, "answer-name")?.focus();
});
onAction("answer-remove", (within) => {
  const gone = /** @type {HTMLElement | null} */ (within.closest(".answer-row"));
  const next = /** @type {HTMLElement | null} */ (gone?.nextElementSibling ?? gone?.previousElementSibling ?? null);
  gone?.remove();
  const there = (next && slot(next, "answer-name")) ?? (place && slot(place, "answer-add"));
  there?.focus();
  told();
});
place?.addEventListener("input", told);
select?.addEventListener("change", () => document.dispatchEvent(new Event("abilities:changed")));
