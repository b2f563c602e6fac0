// @ts-check
// Searching the web before the next answer: on or off, and in its menu when, where and how. The wishes stay
// while it is off.

import { can, unable } from "./abilities.js";
import { slot } from "./page.js";
import { say } from "./words.js";

/** @typedef {{ on?: boolean, wishes?: Record<string, string | boolean> }} Kept */

const LONGEST_HOST = 253;
const HOST = /^(?!-)[\p{L}\p{N}-]+(\.[\p{L}\p{N}-]+)+$/u;

const toggle = /** @type {HTMLButtonElement | null} */ (document.getElementById("search-toggle"));
const more = /** @type {HTMLButtonElement | null} */ (document.getElementById("search-more"));
const pop = document.getElementById("search-pop");
const form = /** @type {HTMLFormElement | null} */ (document.getElementById("search-options"));
const title = toggle?.title ?? "";
let decided = false;

/** @param {string} name @returns {any} */
const field = (name) => form?.elements.namedItem(name) ?? null;
const strategy = () => field("search_strategy")?.value || "turbo";
const isOn = () => toggle?.getAttribute("aria-pressed") === "true";

/**
 * The protocol's option: false, true, or what is wished of the search; undefined where nothing was said.
 * @returns {boolean | Record<string, unknown> | undefined}
 */
export function search() {
  if (!toggle || toggle.disabled) return undefined;
  if (!isOn()) return decided ? false : undefined;
  const made = wishes();
  return Object.keys(made).length ? made : true;
}

/** The service's `search_options`, of those that hold for the strategy. */
function wishes() {
  /** @type {Record<string, unknown>} */
  const made = {};
  const isAgent = strategy().startsWith("agent");
  if (strategy() !== "turbo") made.search_strategy = strategy();
  if (!isAgent && field("forced_search")?.value) made.forced_search = true;
  if (!isAgent && field("enable_search_extension")?.checked) made.enable_search_extension = true;
  const hint = field("prompt_intervene")?.value.trim();
  if (!isAgent && hint) made.intention_options = { prompt_intervene: hint };
  if (strategy() !== "turbo") return made;
  const days = Number(field("freshness")?.value);
  if (days) made.freshness = days;
  const { sites } = readSites();
  if (sites.length) made.assigned_site_list = sites;
  return made;
}

/** The hosts, one a line, also from whole addresses. @returns {{ sites: string[], error: string }} */
function readSites() {
  const box = /** @type {HTMLTextAreaElement | null} */ (field("assigned_site_list"));
  const most = Number(box?.dataset.most) || 25;
  const lines = (box?.value ?? "").split(/[\s,;，；]+/).filter(Boolean);
  const sites = [...new Set(lines.map(hostOf))];
  const wrong = lines.find((line) => !hostOf(line));
  if (wrong) return { sites: sites.filter(Boolean).slice(0, most), error: say("siteWrong", { site: wrong }) };
  const error = sites.length > most ? say("sitesTooMany", { most }) : "";
  return { sites: sites.slice(0, most), error };
}

/** @param {string} line @returns {string} "" where it is none */
function hostOf(line) {
  const host = line.replace(/^[a-z]+:\/\//i, "").replace(/[/?#:].*$/, "").toLowerCase();
  return HOST.test(host) && host.length <= LONGEST_HOST ? host : "";
}

/** @returns {Kept | undefined} */
export function keptSearch() {
  if (!form) return undefined;
  const kept = [...form.elements].map((one) => /** @type {any} */ (one)).filter((one) => one.name && isSet(one));
  const made = Object.fromEntries(kept.map((one) => [one.name, one.type === "checkbox" ? one.checked : one.value]));
  return { on: decided ? isOn() : undefined, wishes: made };
}

/** @param {any} one */
const isSet = (one) => (one.type === "checkbox" || one.type === "radio" ? one.checked : one.value !== "");

/** @param {Kept | undefined} kept */
export function recallSearch(kept) {
  if (typeof kept?.on === "boolean") {
    decided = true;
    toggle?.setAttribute("aria-pressed", String(kept.on));
  }
  for (const [name, value] of Object.entries(kept?.wishes ?? {})) {
    const one = field(name);
    if (!one) continue;
    if (one.type === "checkbox") one.checked = value === true;
    else one.value = value;
  }
}

/** What the chosen model and the strategy leave to choose. */
export function showSearch() {
  if (!toggle) return;
  const able = can("search");
  toggle.disabled = !able;
  toggle.title = able ? title : say("searchNotThisModel", { model: unable("search") });
  if (more) more.hidden = !able;
  if (!able && pop?.matches(":popover-open")) pop.hidePopover();
  if (!form) return;
  const isAgent = strategy().startsWith("agent");
  for (const part of form.querySelectorAll("[data-for]")) {
    const holds = /** @type {HTMLElement} */ (part).dataset.for === "turbo" ? strategy() === "turbo" : !isAgent;
    /** @type {HTMLElement} */ (part).hidden = !holds;
  }
  const option = /** @type {HTMLSelectElement | null} */ (field("search_strategy"))?.selectedOptions[0];
  const hint = slot(form, "strategy-hint");
  if (hint) hint.textContent = option?.dataset.hint ?? "";
  const { error } = readSites();
  const line = slot(form, "sites-error");
  if (line) {
    line.hidden = !error;
    line.textContent = error;
  }
  field("assigned_site_list")?.setAttribute("aria-invalid", String(!!error));
  const box = plain();
  if (box) box.checked = protocol()?.value === "compatible";
}

// ---- the endpoint: the same choice as in the options, said in other words ----

const protocol = () => /** @type {HTMLSelectElement | null} */ (document.getElementById("o-protocol"));
const plain = () => /** @type {HTMLInputElement | null} */ (document.getElementById("search-plain"));

plain()?.addEventListener("change", (event) => {
  const select = protocol();
  if (!select) return;
  select.value = /** @type {HTMLInputElement} */ (event.target).checked ? "compatible" : "";
  select.dispatchEvent(new Event("change", { bubbles: true }));
});

const told = () => document.dispatchEvent(new Event("abilities:changed"));

toggle?.addEventListener("click", () => {
  decided = true;
  toggle.setAttribute("aria-pressed", String(!isOn()));
  told();
});
form?.addEventListener("submit", (event) => event.preventDefault());
form?.addEventListener("input", (event) => {
  if (event.target === plain()) return;
  // Who says how to search wants a search.
  decided = true;
  toggle?.setAttribute("aria-pressed", "true");
  told();
});
