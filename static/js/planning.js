// @ts-check
// Asks the server how the attached files would reach the model, before anything is sent: `POST /plan/` soon
// after something changed that matters. `document` hears "plan:changed".

import { isElsewhere } from "./conversation.js";
import { wanted } from "./deliveries.js";
import { conversation, csrf, thread } from "./page.js";
import * as shelf from "./shelf.js";

/**
 * @typedef {{ as: string, name: string, label: string, tokens: number | null, count: number | null,
 *   possible: boolean, message: string }} Way
 * @typedef {{ as: string | null, label: string, short: string, tokens: number | null, message: string,
 *   ways: Way[], frames?: number[] }} FilePlan
 * @typedef {{ models: { id: string, name: string, why: string }[], attachments: Record<string, FilePlan>,
 *   tokens: number, total: string, history: string, problem: { message: string, field?: string } | null }} Plan
 */

const PAUSE_MS = 250;
const LONGEST_TEXT = 20_000;

/** @type {Plan} */
const NOTHING = { models: [], attachments: {}, tokens: 0, total: "", history: "", problem: null };

/** @type {Plan | null} */
let plan = null;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;
/** @type {AbortController | null} */
let asking = null;
let asked = "";

export const currentPlan = () => plan;
/** @param {string} id @returns {FilePlan | null} */
export const planOf = (id) => plan?.attachments?.[id] ?? null;

/**
 * The plan for what is on the shelf, or for it with one file sent another way.
 * @param {AbortSignal} signal @param {Record<string, unknown>} [instead] deliveries by id
 * @returns {Promise<Plan>} rejects with the server's refusal
 */
export async function planned(signal, instead = {}) {
  const response = await fetch("/plan/", {
    method: "POST",
    body: JSON.stringify(question(instead)),
    headers: { "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": csrf() },
    credentials: "same-origin",
    signal,
  });
  const answer = await response.json();
  if (!response.ok) throw answer.error;
  return answer;
}

/** @param {Record<string, unknown>} [instead] */
function question(instead = {}) {
  const files = shelf.ready().map((item) => item.ref());
  const options = wanted(files);
  if (Object.keys(instead).length) options.deliveries = { .../** @type {object} */ (options.deliveries), ...instead };
  const box = /** @type {HTMLTextAreaElement | null} */ (document.getElementById("composer-text"));
  return {
    conversation: conversation() || null,
    parent: isElsewhere() ? thread()?.dataset.leaf || null : null,
    text: (box?.value ?? "").slice(0, LONGEST_TEXT),
    options,
    attachments: files.map((file) => file.id),
  };
}

/** Plans anew, soon, if what is asked is not what was asked last. */
function replan() {
  clearTimeout(timer);
  timer = setTimeout(ask, PAUSE_MS);
}

async function ask() {
  const files = shelf.ready();
  const { text: _text, ...what } = question();
  const now = files.length ? JSON.stringify({ ...what, after: thread()?.dataset.leaf }) : "";
  if (now === asked) return;
  asked = now;
  asking?.abort();
  if (!now) return show(null);
  asking = new AbortController();
  const { signal } = asking;
  try {
    show(await planned(signal));
  } catch (error) {
    if (signal.aborted) return;
    asked = ""; // the next change asks again; sending is checked anyway
    const { code = "", message = "", field, retry_after: wait } = /** @type {any} */ (error) ?? {};
    if (code === "rate_limited") timer = setTimeout(ask, (wait ?? 5) * 1000);
    else if (code) show({ ...NOTHING, attachments: plan?.attachments ?? {}, problem: { message, field } });
    else show(null);
  }
}

/** @param {Plan | null} next */
function show(next) {
  plan = next;
  document.dispatchEvent(new Event("plan:changed"));
}

document.addEventListener("files:changed", replan);
document.addEventListener("options:changed", replan);
document.addEventListener("thread:changed", replan);
