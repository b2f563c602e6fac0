// @ts-check
// What is chosen for the next answer: the model, thinking, search, tools, the options' form. Remembered in the
// browser per conversation, and for new chats as it was chosen last.

import { can, chosenRadio, compared, mostThinking, radios, thinks } from "./abilities.js";
import { forbidsThinking, keptFormat, recallFormat, responseFormat, showFormat } from "./answerformat.js";
import { conversation, slot, user } from "./page.js";
import { keptSearch, recallSearch, search, showSearch } from "./searchmenu.js";
import { lasting } from "./stored.js";
import { interprets, keptTools, recallTools, showTools, tools } from "./tools.js";
import { say } from "./words.js";

/**
 * @typedef {{ model?: string, models?: string[], thinking?: boolean, fields?: Record<string, string>,
 *   search?: import("./searchmenu.js").Kept, tools?: import("./tools.js").Kept,
 *   format?: import("./answerformat.js").Kept }} Choice
 */

const form = /** @type {HTMLFormElement | null} */ (document.getElementById("options"));
const toggle = /** @type {HTMLButtonElement | null} */ (document.querySelector('[data-option="thinking"]'));
const key = (of = conversation()) => `choice:${user()}:${of || "new"}`;

/** @returns {(HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement)[]} */
const fields = () => [...(form?.elements ?? [])].filter(
  (field) => /** @type {any} */ (field).name,
).map((field) => /** @type {HTMLInputElement} */ (field));

/** What the person has said about thinking; until then it is as the model does by itself.
 * @type {boolean | undefined} */
let decided;

/** The protocol's `options`: only what was chosen. @returns {Record<string, unknown>} */
export function chosen() {
  /** @type {Record<string, unknown>} */
  const options = {};
  const together = compared();
  if (together.length > 1) options.models = together;
  else if (chosenRadio()) options.model = chosenRadio()?.value;
  const ability = chosenRadio()?.dataset.thinking;
  if (ability?.startsWith("hybrid")) options.thinking = thinks();
  for (const field of fields()) {
    const value = field.disabled || needsMore(field) ? undefined : valueOf(field);
    if (value !== undefined) options[field.name] = value;
  }
  const asked = search();
  if (asked !== undefined) options.search = asked;
  const format = responseFormat();
  if (format) options.response_format = format;
  return { ...options, ...tools() };
}

/** How to think says nothing to a model that does not. @param {HTMLElement} field */
const needsMore = (field) => field.dataset.needs === "thinking" && !thinks();

/** @param {HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement} field */
function valueOf(field) {
  const text = field.value.trim();
  if (field.dataset.type === "lines") {
    const lines = field.value.split("\n").filter((line) => line.trim());
    return lines.length ? lines : undefined;
  }
  // A system prompt that was emptied is said so: else the conversation keeps the old one.
  if (field instanceof HTMLTextAreaElement && field.name === "system") {
    return text || field.defaultValue ? field.value : undefined;
  }
  if (!text) return undefined;
  if (field.dataset.type === "boolean") return text === "true";
  if (field.type === "checkbox") return /** @type {HTMLInputElement} */ (field).checked;
  return field.type === "number" ? Number(text) : text;
}

/** Shows the chosen model on its button, and what it can do on the toggles. */
export function show() {
  const radio = chosenRadio();
  const name = radio?.dataset.name ?? radio?.value ?? "";
  const button = document.getElementById("model-button");
  const place = button && slot(button, "model-name");
  if (button && place && radio) {
    place.textContent = name;
    button.setAttribute("aria-label", say("modelButton", { model: name }));
    const caps = slot(button, "model-caps");
    const own = radio.closest(".model")?.querySelector(".caps");
    caps?.replaceChildren(...[...(own?.childNodes ?? [])].map((node) => node.cloneNode(true)));
  }
  showFormat(radio?.dataset.thinking === "always");
  showThinking(radio, name);
  showHow();
  showSearch();
  showTools();
  const mark = document.querySelector('[data-slot="options-mark"]');
  const some = fields().some((field) => !field.disabled && field.value.trim() !== "") || !!responseFormat();
  mark?.toggleAttribute("data-on", some);
}

/** @param {HTMLInputElement | undefined} radio @param {string} name */
function showThinking(radio, name) {
  if (!toggle || !radio) return;
  const ability = radio.dataset.thinking ?? "none";
  const hybrid = ability.startsWith("hybrid");
  toggle.disabled = !hybrid || forbidsThinking();
  if (forbidsThinking()) {
    toggle.setAttribute("aria-pressed", "false");
    toggle.title = say("jsonWithoutThinking");
    return;
  }
  if (hybrid && interprets()) {
    toggle.disabled = true;
    toggle.setAttribute("aria-pressed", "true");
    toggle.title = say("interpreterThinks");
    return;
  }
  if (ability === "always") toggle.setAttribute("aria-pressed", "true");
  else if (!hybrid) toggle.setAttribute("aria-pressed", "false");
  else toggle.setAttribute("aria-pressed", String(decided ?? ability === "hybrid_on"));
  if (hybrid) toggle.removeAttribute("title");
  else toggle.title = say(ability === "always" ? "thinkingAlways" : "thinkingNever", { model: name });
}

/** How much to think, in the form that the model takes. */
function showHow() {
  const budget = /** @type {HTMLInputElement | null} */ (document.getElementById("o-thinking_budget"));
  const ability = chosenRadio()?.dataset.thinking ?? "none";
  const able = ability !== "none";
  const effort = able && can("effort");
  there("o-thinking_budget", able && !effort);
  there("o-reasoning_effort", effort);
  there("o-preserve_thinking", able && can("thoughts"));
  const idle = able && !thinks() ? say("budgetOff") : "";
  hint("o-reasoning_effort-hint", idle || say("effortHint"));
  if (!budget) return;
  const most = mostThinking();
  budget.max = most ? String(most) : "";
  const limit = most?.toLocaleString(document.documentElement.lang);
  hint("o-thinking_budget-hint", idle || (limit ? say("budgetMost", { most: limit }) : say("budgetHint")));
}

/** @param {string} id @param {string} text */
function hint(id, text) {
  const place = document.getElementById(id);
  if (place) place.textContent = text;
}

/** A field is there, with its label, or is not and says nothing. @param {string} id @param {boolean} shown */
function there(id, shown) {
  const field = /** @type {HTMLInputElement | null} */ (document.getElementById(id));
  const place = /** @type {HTMLElement | null | undefined} */ (field?.closest(".field"));
  if (!field || !place) return;
  field.disabled = !shown;
  place.hidden = !shown;
}

export function toggleThinking() {
  if (!toggle || toggle.disabled) return;
  decided = toggle.getAttribute("aria-pressed") !== "true";
  show();
  remember();
}

/** @returns {Choice} */
function choice() {
  const filled = fields().filter((field) => field.name !== "system" && field.value.trim());
  return {
    model: chosenRadio()?.value,
    thinking: decided,
    fields: Object.fromEntries(filled.map((field) => [field.name, field.value])),
    search: keptSearch(),
    tools: keptTools(),
    format: keptFormat(),
  };
}

function remember() {
  const made = choice();
  lasting.set(key(), made);
  // A new chat begins with the model of the last one, but with none of its other options.
  if (conversation()) lasting.set(key(""), { model: made.model, thinking: made.thinking });
  document.dispatchEvent(new Event("options:changed"));
}

function recall() {
  const kept = /** @type {Choice | null} */ (lasting.get(key()));
  const radio = radios().find((one) => one.value === kept?.model);
  if (radio) radio.checked = true;
  if (typeof kept?.thinking === "boolean") decided = kept.thinking;
  for (const field of fields()) {
    const value = kept?.fields?.[field.name];
    if (value !== undefined) field.value = value;
  }
  recallSearch(kept?.search);
  recallTools(kept?.tools);
  recallFormat(kept?.format);
  show();
}

/**
 * Marks the option that the server refused; false if there is none.
 * @param {string | undefined} field @param {string} message
 */
export function refuse(field, message) {
  const name = field?.replace(/^options\./, "");
  const found = fields().find((one) => one.name === name) ?? elsewhere(name);
  if (!found) return false;
  found.setAttribute("aria-invalid", "true");
  found.title = message;
  found.addEventListener("input", () => {
    found.removeAttribute("aria-invalid");
    found.removeAttribute("title");
  }, { once: true });
  return true;
}

/** The choices that have no field of their name. @param {string | undefined} name */
function elsewhere(name) {
  const ids = { response_format: "o-response_format", search: "search-strategy", tool_choice: "tool-choice" };
  return /** @type {HTMLInputElement | null} */ (document.getElementById(ids[/** @type {keyof ids} */ (name)] ?? ""));
}

document.addEventListener("abilities:changed", () => {
  show();
  remember();
});
document.addEventListener("change", (event) => {
  const field = event.target;
  if (!(field instanceof Element) || !field.matches('input[name="model"], input[name="models"], #options *')) return;
  show();
  remember();
});
toggle?.addEventListener("click", toggleThinking);
form?.addEventListener("submit", (event) => event.preventDefault());
form?.addEventListener("reset", () => setTimeout(() => {
  recallFormat({});
  show();
  remember();
}));
document.addEventListener("conversation:adopted", (event) => {
  lasting.set(key(/** @type {CustomEvent} */ (event).detail), choice());
  lasting.set(key(""), { model: chosenRadio()?.value, thinking: choice().thinking });
});
recall();
