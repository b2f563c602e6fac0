// @ts-check
// What to find in a document: names with hints, one level of names within a name, or the same as JSON. The
// service takes up to three levels; what the rows cannot show stays JSON.

import { onAction } from "./actions.js";
import { slot } from "./page.js";
import { say } from "./words.js";

/** @typedef {{ [name: string]: string | Schema }} Schema */

const LEVELS = 3;
const place = document.getElementById("schema");
const rows = place && slot(place, "schema-rows");
const text = /** @type {HTMLTextAreaElement | null} */ (place && slot(place, "schema-text"));
const template = /** @type {HTMLTemplateElement | null} */ (document.getElementById("t-schema-row"));
const button = place?.querySelector('[data-action="schema-json"]') ?? null;

const isJson = () => button?.getAttribute("aria-pressed") === "true";

/** What is chosen; null where nothing is, or where it is not right. @returns {Schema | null} */
export function currentSchema() {
  const { schema } = read();
  return schema && Object.keys(schema).length ? schema : null;
}

/** @param {unknown} schema */
export function showSchema(schema) {
  if (!rows || !text) return;
  const whole = /** @type {Schema} */ (wrong(schema) ? {} : schema);
  if (depth(whole) > 2) {
    text.value = JSON.stringify(whole, null, 2);
    return look(true);
  }
  rows.replaceChildren();
  fill(rows, whole);
  if (!rows.children.length) rows.append(row());
  look(false);
}

/** @param {HTMLElement} list @param {Schema} schema */
function fill(list, schema) {
  for (const [name, hint] of Object.entries(schema)) {
    const made = row(name, typeof hint === "string" ? hint : "");
    list.append(made);
    const within = typeof hint === "string" ? null : slot(made, "schema-within");
    if (!within) continue;
    fill(within, /** @type {Schema} */ (hint));
    nested(made);
  }
}

/** @param {string} [name] @param {string} [hint] */
function row(name = "", hint = "") {
  const made = /** @type {HTMLElement} */ (template?.content.firstElementChild?.cloneNode(true));
  /** @type {HTMLInputElement} */ (slot(made, "schema-name")).value = name;
  /** @type {HTMLInputElement} */ (slot(made, "schema-note")).value = hint;
  return made;
}

/** A name with names within it has no hint of its own. @param {HTMLElement} made */
function nested(made) {
  const within = slot(made, "schema-within");
  const some = !!within?.children.length;
  if (within) within.hidden = !some;
  const note = slot(made, "schema-note");
  if (note) note.hidden = some;
  const deeper = made.parentElement?.closest(".schema__row");
  for (const inner of made.querySelectorAll(':scope .schema__row [data-action="schema-nest"]')) inner.remove();
  if (deeper) made.querySelector('[data-action="schema-nest"]')?.remove();
}

/** @returns {{ schema: Schema | null, error: string }} */
function read() {
  if (isJson()) {
    if (!text?.value.trim()) return { schema: {}, error: "" };
    try {
      const schema = JSON.parse(text.value);
      const error = wrong(schema);
      return { schema: error ? null : schema, error };
    } catch {
      return { schema: null, error: say("schemaNotJson") };
    }
  }
  const found = /** @type {HTMLElement[]} */ ([...(rows?.children ?? [])]);
  return gather(found);
}

/** @param {HTMLElement[]} from @returns {{ schema: Schema | null, error: string }} */
function gather(from) {
  /** @type {Schema} */
  const schema = {};
  for (const one of from) {
    const name = /** @type {HTMLInputElement} */ (slot(one, "schema-name")).value.trim();
    const hint = /** @type {HTMLInputElement} */ (slot(one, "schema-note")).value.trim();
    const inner = /** @type {HTMLElement[]} */ ([...(slot(one, "schema-within")?.children ?? [])]);
    if (!name && !hint && !inner.length) continue;
    if (!name) return { schema: null, error: say("schemaNameMissing") };
    if (Object.hasOwn(schema, name)) return { schema: null, error: say("schemaNameTwice", { name }) };
    const within = inner.length ? gather(inner) : null;
    if (within?.error) return within;
    schema[name] = within?.schema && Object.keys(within.schema).length ? within.schema : hint;
  }
  return { schema, error: "" };
}

/** What is wrong with a schema; "" where nothing is. @param {unknown} schema @param {number} [level] @returns {string} */
function wrong(schema, level = 1) {
  if (typeof schema !== "object" || schema === null || Array.isArray(schema)) return say("schemaNotObject");
  if (level > LEVELS) return say("schemaTooDeep");
  for (const value of Object.values(schema)) {
    if (typeof value === "string") continue;
    const error = wrong(value, level + 1);
    if (error) return error;
  }
  return "";
}

/** @param {Schema} schema @returns {number} */
const depth = (schema) =>
  1 + Math.max(0, ...Object.values(schema).map((value) => (typeof value === "string" ? 0 : depth(value))));

/** @param {boolean} json */
function look(json) {
  button?.setAttribute("aria-pressed", String(json));
  if (rows) rows.hidden = json;
  if (text) text.hidden = !json;
  const add = place && slot(place, "schema-add");
  if (add) add.hidden = json;
  check();
}

function check() {
  const line = place && slot(place, "schema-error");
  const { error } = read();
  if (line) {
    line.hidden = !error;
    line.textContent = error;
  }
  text?.setAttribute("aria-invalid", String(!!error && isJson()));
}

/** The form's other listeners see the change too. */
function told() {
  check();
  place?.dispatchEvent(new Event("input", { bubbles: true }));
}

onAction("schema-json", () => {
  const { schema, error } = read();
  if (!isJson()) {
    if (text) text.value = JSON.stringify(schema ?? {}, null, 2);
    look(true);
    return text?.focus();
  }
  if (error || (schema && depth(schema) > 2)) {
    const line = place && slot(place, "schema-error");
    if (line && !error) {
      line.hidden = false;
      line.textContent = say("schemaRowsTooDeep");
    }
    return text?.focus();
  }
  showSchema(schema);
});
onAction("schema-add", () => {
  const made = row();
  rows?.append(made);
  slot(made, "schema-name")?.focus();
});
onAction("schema-nest", (within) => {
  const outer = /** @type {HTMLElement | null} */ (within.closest(".schema__row"));
  const list = outer && slot(outer, "schema-within");
  if (!outer || !list) return;
  const made = row();
  list.append(made);
  nested(outer);
  slot(made, "schema-name")?.focus();
  told();
});
onAction("schema-remove", (within) => {
  const gone = /** @type {HTMLElement | null} */ (within.closest(".schema__row"));
  const outer = /** @type {HTMLElement | null} */ (gone?.parentElement?.closest(".schema__row") ?? null);
  const next = /** @type {HTMLElement | null} */ (gone?.nextElementSibling ?? gone?.previousElementSibling ?? outer);
  gone?.remove();
  if (outer) nested(outer);
  const there = next && slot(next, "schema-name");
  (there ?? (place && slot(place, "schema-add")))?.focus();
  told();
});
place?.addEventListener("input", (event) => event.target !== place && check());
