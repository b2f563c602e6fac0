// @ts-check
// The steps on a running answer's trail that the server draws: tool calls and the search. They come as
// fragments; a call that changes its state stays where it stands, opened or not, focused or not.

import { announce } from "./announcer.js";
import { parsed } from "./page.js";
import { become } from "./reconcile.js";
import { span } from "./times.js";
import { say } from "./words.js";

/**
 * @typedef {{ id: string, html?: string }} Call
 * @typedef {{ calls?: Call[], sources?: object[], sources_html?: string }} Steps
 */

/** The answer's trail; made where the answer had none. @param {HTMLElement} article @returns {HTMLElement} */
function trailOf(article) {
  const found = /** @type {HTMLElement | null} */ (article.querySelector(":scope > .trail"));
  if (found) return found;
  const trail = document.createElement("ol");
  trail.className = "trail";
  trail.setAttribute("role", "list");
  trail.setAttribute("aria-label", say("stepsBefore"));
  const prose = article.querySelector('[data-slot="prose"]');
  if (prose) prose.before(trail);
  else article.append(trail);
  return trail;
}

/** @param {HTMLElement} trail @param {string} step @returns {HTMLElement[]} */
const lines = (trail, step) => [...trail.querySelectorAll(`:scope > [data-step="${step}"]`)].map(
  (line) => /** @type {HTMLElement} */ (line),
);

/** Whether a call stands so. @param {HTMLElement} article @param {string} status */
const some = (article, status) => !!article.querySelector(`:scope > .trail > [data-status="${status}"]`);

/** Whether a tool runs or waits: then the model itself does nothing. @param {HTMLElement} article */
export const isCalling = (article) => some(article, "running") || some(article, "waiting");

/** What is done with tools, in a word; "" where nothing is. @param {HTMLElement} article */
export const callsNow = (article) =>
  some(article, "waiting") ? say("waitingForYou") : some(article, "running") ? say("usingTools") : "";

/**
 * All steps as a snapshot tells them: what it does not have is not there.
 * @param {HTMLElement} article @param {Steps} steps
 */
export function putSteps(article, { calls, sources, sources_html: html }) {
  if (calls) {
    const known = new Set(calls.map((call) => call.id));
    const trail = article.querySelector(":scope > .trail");
    for (const line of trail ? lines(/** @type {HTMLElement} */ (trail), "tool") : []) {
      if (!known.has(line.dataset.call ?? "")) line.remove();
    }
    for (const call of calls) putCall(article, call.html);
  }
  if (html && sources?.length) putSources(article, html);
}

/** A call's line, new or in another state. @param {HTMLElement} article @param {string} [html] */
export function putCall(article, html) {
  const fresh = html ? parsed(html) : null;
  if (!fresh) return;
  const trail = trailOf(article);
  const shown = lines(trail, "tool").find((line) => line.dataset.call === fresh.dataset.call);
  const before = shown?.dataset.status;
  const { status, tool = "" } = fresh.dataset;
  // It waits already: its person may be writing other arguments into it.
  if (before === "waiting" && status === "waiting") return;
  if (shown) keepingPlace(shown, () => become(shown, fresh));
  else {
    const last = lines(trail, "tool").at(-1) ?? lines(trail, "thinking").at(-1);
    if (last) last.after(fresh);
    else trail.prepend(fresh);
  }
  trail.hidden = false;
  if (status === "running") count();
  if (before === status) return;
  if (status === "waiting") announce(say("toolWaiting", { tool }));
  else if (status === "failed") announce(say("toolFailed", { tool }));
}

/** The search's line with its sources. @param {HTMLElement} article @param {string} [html] */
export function putSources(article, html) {
  const fresh = html ? parsed(html) : null;
  if (!fresh) return;
  const trail = trailOf(article);
  const [shown] = lines(trail, "search");
  if (shown) keepingPlace(shown, () => become(shown, fresh));
  else trail.append(fresh);
  trail.hidden = false;
}

/**
 * Changes a line; the focus goes on to what stands there now, wherever the decision was made.
 * @param {HTMLElement} line @param {() => void} change
 */
function keepingPlace(line, change) {
  const had = line.contains(document.activeElement);
  change();
  if (!had || line.contains(document.activeElement)) return;
  const next = /** @type {HTMLElement | null} */ (line.querySelector("summary, button, a[href]"));
  next?.focus({ preventScroll: true });
}

// ---- how long a call has been running -------------------------------------------------------------

/** @type {WeakMap<Element, number>} */
const begun = new WeakMap();
/** @type {ReturnType<typeof setInterval> | undefined} */
let ticking;

function count() {
  if (ticking === undefined) ticking = setInterval(tick, 1000);
  tick();
}

function tick() {
  const clocks = document.querySelectorAll('#thread [data-slot="call-clock"]');
  if (!clocks.length) {
    clearInterval(ticking);
    ticking = undefined;
  }
  for (const clock of clocks) {
    const line = clock.closest("[data-call]") ?? clock;
    const since = begun.get(line) ?? Date.now() - Number(/** @type {HTMLElement} */ (clock).dataset.ms);
    begun.set(line, since);
    const ms = Date.now() - since;
    if (ms >= 1000) clock.textContent = say("toolRunning", { time: span(ms) });
  }
}
