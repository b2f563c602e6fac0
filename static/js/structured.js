// @ts-check
// An answer in JSON as a tree: arrow keys from row to row, copying a value or where it stands, and the same
// as text. The tree itself, which opens and closes, is the server's.

import { onAction } from "./actions.js";
import { copy } from "./clipboard.js";

/** @param {Element} tree @returns {HTMLElement[]} the rows that are to be seen */
const rows = (tree) => [...tree.querySelectorAll("[data-row]")]
  .map((row) => /** @type {HTMLElement} */ (row))
  .filter((row) => row.checkVisibility?.() ?? row.offsetParent !== null);

/** @param {Element | null} row @returns {HTMLElement | null} */
const itemOf = (row) => row?.closest(".json__item") ?? null;

/** @param {Element | null} item @returns {HTMLElement | null} */
const rowOf = (item) => item?.querySelector("[data-row]") ?? null;

/** One row of a tree is where Tab comes, with its buttons. @param {HTMLElement} row @param {Element} tree */
function makeCurrent(row, tree) {
  const item = itemOf(row);
  for (const one of tree.querySelectorAll("[data-row], .json__tools button")) {
    const own = itemOf(one) === item;
    /** @type {HTMLElement} */ (one).tabIndex = own ? 0 : -1;
  }
}

document.addEventListener("focusin", (event) => {
  const at = event.target instanceof Element ? event.target : null;
  const tree = at?.closest(".json");
  const row = tree && rowOf(itemOf(at));
  if (row && tree) makeCurrent(row, tree);
});
document.addEventListener("click", (event) => {
  const row = event.target instanceof Element ? event.target.closest("[data-row]") : null;
  const selection = getSelection();
  if (row && (!selection || selection.isCollapsed)) /** @type {HTMLElement} */ (row).focus({ preventScroll: true });
});

document.addEventListener("keydown", (event) => {
  const row = event.target instanceof HTMLElement && event.target.matches("[data-row]") ? event.target : null;
  const tree = row?.closest(".json");
  if (!row || !tree || event.altKey || event.ctrlKey || event.metaKey) return;
  const next = moved(event.key, row, tree);
  if (next === undefined) return;
  event.preventDefault();
  next?.focus();
});

/**
 * Where a key leads; null: it did something here, undefined: it means nothing here.
 * @param {string} key @param {HTMLElement} row @param {Element} tree @returns {HTMLElement | null | undefined}
 */
function moved(key, row, tree) {
  const all = rows(tree);
  const at = all.indexOf(row);
  const branch = row.parentElement instanceof HTMLDetailsElement ? row.parentElement : null;
  switch (key) {
    case "ArrowDown":
      return all[at + 1] ?? null;
    case "ArrowUp":
      return all[at - 1] ?? null;
    case "Home":
      return all[0];
    case "End":
      return all.at(-1);
    case "ArrowRight":
      if (!branch) return null;
      if (branch.open) return all[at + 1] ?? null;
      branch.open = true;
      return null;
    case "ArrowLeft":
      if (branch?.open) {
        branch.open = false;
        return null;
      }
      return rowOf(itemOf(itemOf(row)?.parentElement ?? null));
    default:
      return undefined;
  }
}

onAction("copy-json-value", (button) => copy(button, itemOf(button)?.dataset.value ?? valueOf(button)));
onAction("copy-json-path", (button) => copy(button, itemOf(button)?.dataset.path ?? ""));

/** A branch's value is the part of the whole text that its path names. @param {HTMLElement} button */
function valueOf(button) {
  const text = button.closest(".structured")?.querySelector('[data-slot="structure-text"]')?.textContent ?? "";
  const steps = /** @type {(string | number)[]} */ (JSON.parse(itemOf(button)?.dataset.steps ?? "[]"));
  const value = steps.reduce((/** @type {any} */ within, step) => within?.[step], JSON.parse(text, exact));
  return typeof value === "string" ? value : JSON.stringify(value, null, 2);
}

/**
 * Numbers as they are written, where the browser can: a long one would lose its last digits.
 * @param {string} _name @param {unknown} value @param {{ source?: string }} [context]
 */
function exact(_name, value, context) {
  const { rawJSON } = /** @type {{ rawJSON?: (text: string) => unknown }} */ (/** @type {unknown} */ (JSON));
  return typeof value === "number" && rawJSON && context?.source ? rawJSON(context.source) : value;
}

onAction("structure-view", (button) => {
  const whole = button.closest(".structured");
  if (!whole) return;
  for (const tab of whole.querySelectorAll('[data-action="structure-view"]')) {
    tab.setAttribute("aria-pressed", String(tab === button));
  }
  for (const view of whole.querySelectorAll("[data-view]")) {
    /** @type {HTMLElement} */ (view).hidden = /** @type {HTMLElement} */ (view).dataset.view !== button.dataset.shows;
  }
});
