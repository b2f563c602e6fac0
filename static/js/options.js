// @ts-check
// What is chosen for the next answer: the model, thinking, the options' form. Remembered in the browser per
// conversation, and for new chats as it was chosen last.

import { conversation, slot, user } from "./page.js";
import { lasting } from "./stored.js";
import { say } from "./words.js";

/** @typedef {{ model?: string, models?: string[], thinking?: boolean, fields?: Record<string, string> }} Choice */

const form = /** @type {HTMLFormElement | null} */ (document.getElementById("options"));
const toggle = /** @type {HTMLButtonElement | null} */ (document.querySelector('[data-option="thinking"]'));
const key = (of = conversation()) => `choice:${user()}:${of || "new"}`;

/** @returns {HTMLInputElement[]} */
const radios = () =>
  [...document.querySelectorAll('input[name="model"]')].map((one) => /** @type {HTMLInputElement} */ (one));
const chosenRadio = () => radios().find((radio) => radio.checked);
/** @returns {(HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement)[]} */
const fields = () => [...(form?.elements ?? [])].filter(
  (field) => /** @type {any} */ (field).name,
).map((field) => /** @type {HTMLInputElement} */ (field));

/** Whether the person has said yes or no to thinking; else it is as the model does by itself. */
let decided = false;

/** The protocol's `options`: only what was chosen. @returns {Record<string, unknown>} */
export function chosen() {
  /** @type {Record<string, unknown>} */
  const options = {};
  const together = compared();
  if (together.length > 1) options.models = together;
  else if (chosenRadio()) options.model = chosenRadio()?.value;
  if (toggle && !toggle.disabled) options.thinking = toggle.getAttribute("aria-pressed") === "true";
  for (const field of fields()) {
    const value = valueOf(field);
    if (value !== undefined) options[field.name] = value;
  }
  return options;
}

const compared = () => [...document.querySelectorAll('input[name="models"]:checked')].map(
  (box) => /** @type {HTMLInputElement} */ (box).value,
);

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
  showThinking(radio, name);
  const mark = document.querySelector('[data-slot="options-mark"]');
  const some = fields().some((field) => field.value.trim() !== "");
  mark?.toggleAttribute("data-on", some);
}

/** @param {HTMLInputElement | undefined} radio @param {string} name */
function showThinking(radio, name) {
  if (!toggle || !radio) return;
  const ability = radio.dataset.thinking ?? "none";
  const hybrid = ability.startsWith("hybrid");
  toggle.disabled = !hybrid;
  if (ability === "always") toggle.setAttribute("aria-pressed", "true");
  else if (!hybrid) toggle.setAttribute("aria-pressed", "false");
  else if (!decided) toggle.setAttribute("aria-pressed", String(ability === "hybrid_on"));
  if (hybrid) toggle.removeAttribute("title");
  else toggle.title = say(ability === "always" ? "thinkingAlways" : "thinkingNever", { model: name });
}

export function toggleThinking() {
  if (!toggle || toggle.disabled) return;
  decided = true;
  toggle.setAttribute("aria-pressed", String(toggle.getAttribute("aria-pressed") !== "true"));
  remember();
}

/** @returns {Choice} */
function choice() {
  const filled = fields().filter((field) => field.name !== "system" && field.value.trim());
  return {
    model: chosenRadio()?.value,
    thinking: decided ? toggle?.getAttribute("aria-pressed") === "true" : undefined,
    fields: Object.fromEntries(filled.map((field) => [field.name, field.value])),
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
  if (typeof kept?.thinking === "boolean") {
    decided = true;
    toggle?.setAttribute("aria-pressed", String(kept.thinking));
  }
  for (const field of fields()) {
    const value = kept?.fields?.[field.name];
    if (value !== undefined) field.value = value;
  }
  show();
}

/**
 * Marks the option that the server refused; false if there is none.
 * @param {string | undefined} field @param {string} message
 */
export function refuse(field, message) {
  const name = field?.replace(/^options\./, "");
  const found = fields().find((one) => one.name === name);
  if (!found) return false;
  found.setAttribute("aria-invalid", "true");
  found.title = message;
  found.addEventListener("input", () => {
    found.removeAttribute("aria-invalid");
    found.removeAttribute("title");
  }, { once: true });
  return true;
}

document.addEventListener("change", (event) => {
  const field = event.target;
  if (!(field instanceof Element) || !field.matches('input[name="model"], input[name="models"], #options *')) return;
  show();
  remember();
});
toggle?.addEventListener("click", toggleThinking);
form?.addEventListener("submit", (event) => event.preventDefault());
form?.addEventListener("reset", () => setTimeout(() => {
  show();
  remember();
}));
document.addEventListener("conversation:adopted", (event) => {
  lasting.set(key(/** @type {CustomEvent} */ (event).detail), choice());
  lasting.set(key(""), { model: chosenRadio()?.value, thinking: choice().thinking });
});
recall();
