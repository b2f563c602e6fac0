// @ts-check
// The tools that the model may call: all on or off, or each by its box. Kept with the conversation, on the
// server once something was sent, and until then in the browser. The service's own code interpreter stands
// among them, though no model calls it: it goes with none of the others, and makes the model think.

import { can, someCan, thinks, unable } from "./abilities.js";
import { onAction } from "./actions.js";
import { forbidsThinking } from "./answerformat.js";
import { slot } from "./page.js";
import { say } from "./words.js";

/** @typedef {{ names?: string[], base?: string, choice?: string }} Kept */

const toggle = /** @type {HTMLButtonElement | null} */ (document.getElementById("tools-toggle"));
const more = /** @type {HTMLButtonElement | null} */ (document.getElementById("tools-more"));
const pop = document.getElementById("tools-pop");
const form = /** @type {HTMLFormElement | null} */ (document.getElementById("tools-options"));
const choice = /** @type {HTMLSelectElement | null} */ (document.getElementById("tool-choice"));
const title = toggle?.title ?? "";

/** @returns {HTMLInputElement[]} */
const boxes = () =>
  [...(form?.querySelectorAll('input[name="tools"]') ?? [])].map((box) => /** @type {HTMLInputElement} */ (box));
const names = () => boxes().filter((box) => box.checked).map((box) => box.value);

const interpreter = () => boxes().find((box) => box.dataset.needs === "interpreter");

/** Whether a model that is asked will have the code interpreter. */
export const interprets = () => !!interpreter()?.checked && someCan("interpreter");

/** What the server keeps with the conversation, as the page came. */
const base = names().join(" ");
let touched = false;
/** @type {string[]} switched off together, and on again so */
let before = [];

/** What the tools add to the protocol's `options`. @returns {Record<string, unknown>} */
export function tools() {
  if (!toggle || toggle.disabled) return {};
  /** @type {Record<string, unknown>} */
  const options = touched ? { tools: names() } : {};
  if (names().length && choice?.value) options.tool_choice = choice.value;
  return options;
}

/** @returns {Kept | undefined} */
export function keptTools() {
  if (!form) return undefined;
  return { ...(touched ? { names: names(), base } : {}), choice: choice?.value || undefined };
}

/** @param {Kept | undefined} kept */
export function recallTools(kept) {
  // What was chosen elsewhere since then is newer.
  if (Array.isArray(kept?.names) && kept.base === base) {
    for (const box of boxes()) box.checked = kept.names.includes(box.value);
    touched = true;
  }
  if (choice && kept?.choice && [...choice.options].some((one) => one.value === kept.choice)) {
    choice.value = kept.choice;
  }
}

/** What the chosen model, thinking and the boxes leave to choose. */
export function showTools() {
  if (!toggle || !form) return;
  const able = can("tools");
  const called = names().filter((name) => name !== interpreter()?.value);
  const on = interprets() ? names() : called;
  toggle.disabled = !able;
  toggle.title = able
    ? on.length ? say("toolsOn", { count: on.length, all: boxes().length }) : title
    : say("toolsNotThisModel", { model: unable("tools") });
  toggle.setAttribute("aria-pressed", String(able && on.length > 0));
  if (more) more.hidden = !able;
  if (!able && pop?.matches(":popover-open")) pop.hidePopover();
  showChoice(called);
  showInterpreter(called);
}

/** Why the code interpreter cannot be used as things are, at its box. @param {string[]} called */
function showInterpreter(called) {
  const note = /** @type {HTMLElement | null} */ (form && slot(form, "interpreter-note"));
  if (!note) return;
  if (interprets() && called.length) note.textContent = say("interpreterAlone");
  else if (interprets() && forbidsThinking()) note.textContent = say("interpreterNotJson");
  else note.textContent = can("interpreter") ? "" : say("interpreterNotThisModel", { model: unable("interpreter") });
  note.hidden = !note.textContent;
  note.toggleAttribute("data-warn", interprets());
}

/** @param {string[]} on */
function showChoice(on) {
  if (!choice || !form) return;
  const thinking = thinks();
  for (const option of choice.options) {
    const one = option.dataset.tool;
    if (!one) continue;
    option.hidden = !on.includes(one);
    option.disabled = option.hidden || thinking; // whether to call at all can be said all the same
  }
  if (choice.selectedOptions[0]?.disabled) choice.value = "";
  choice.disabled = !on.length;
  if (choice.disabled) choice.value = "";
  const hint = slot(form, "choice-hint");
  if (hint) hint.textContent = say(!on.length ? "choiceNeedsTools" : thinking ? "choiceWhileThinking" : "choiceHint");
}

function told() {
  touched = true;
  document.dispatchEvent(new Event("abilities:changed"));
}

/** @param {(box: HTMLInputElement) => boolean} wanted */
function press(wanted) {
  for (const box of boxes()) box.checked = wanted(box);
  told();
}

toggle?.addEventListener("click", () => {
  const on = names();
  if (on.length) before = on;
  press((box) => !on.length && (before.length ? before.includes(box.value) : box !== interpreter()));
});
onAction("tools-all", () => press((box) => box !== interpreter()));
onAction("tools-none", () => press(() => false));
form?.addEventListener("submit", (event) => event.preventDefault());
form?.addEventListener("change", (event) => {
  if (event.target === choice) document.dispatchEvent(new Event("abilities:changed"));
  else told();
});
