// @ts-check
// What can be done with a message: copy, regenerate, retry, continue, go to another version.

import { onAction } from "./actions.js";
import { copy } from "./clipboard.js";
import { showError } from "./composer.js";
import { swap } from "./conversation.js";
import { article, conversation, parsed, request } from "./page.js";
import { chosen } from "./options.js";
import { ask } from "./outbox.js";
import { toEnd } from "./scroll.js";
import { toast } from "./toasts.js";
import { say } from "./words.js";

onAction("copy", (button) => {
  const source = request(`/messages/${button.dataset.message}/source/`).then((response) => response.text());
  source.catch(() => {});
  copy(button, source);
});

/**
 * Asks for something that makes an answer run; the button waits meanwhile, and a second click does nothing.
 * @param {HTMLElement} button @param {{ type: string } & Record<string, unknown>} command
 */
async function start(button, command) {
  button.setAttribute("aria-disabled", "true");
  const focused = button.contains(document.activeElement);
  try {
    const ack = await ask(command);
    const answer = article(ack.messages?.find((message) => message.role === "assistant")?.id ?? "");
    if (focused && answer && !button.isConnected) {
      answer.tabIndex = -1;
      answer.focus({ preventScroll: true });
    }
    toEnd();
  } catch (error) {
    showError(/** @type {any} */ (error));
  } finally {
    button.removeAttribute("aria-disabled");
  }
}

/** @param {HTMLElement} button */
function regenerate(button) {
  const options = { ...chosen() };
  delete options.models; // one more answer beside this one, not another comparison
  if (button.dataset.model) options.model = button.dataset.model;
  start(button, { type: "regenerate", message: button.dataset.message, options, cut: true });
}

onAction("regenerate", regenerate);
onAction("retry", regenerate);
onAction("continue", (button) => {
  start(button, { type: "continue", message: button.dataset.message, options: {}, cut: true });
});

onAction("branch", async (button) => {
  const message = button.dataset.message ?? "";
  const direction = button.getAttribute("aria-label");
  button.setAttribute("aria-disabled", "true");
  try {
    const response = await request(`/c/${conversation()}/branch/`, { data: { message } });
    const fresh = parsed(await response.text());
    if (fresh) swap(fresh);
    refocus(message, direction);
  } catch {
    button.removeAttribute("aria-disabled");
    toast(say("failed"));
  }
});

/** @param {HTMLElement} shown */
const arrowsOf = (shown) =>
  /** @type {HTMLElement[]} */ ([...shown.querySelectorAll('.branch [data-action="branch"]')]);

/**
 * To the same arrow of the version that is shown now, else to the other one.
 * @param {string} message @param {string | null} label
 */
function refocus(message, label) {
  const shown = article(message);
  if (!shown) return;
  const arrows = arrowsOf(shown);
  const arrow = arrows.find((one) => one.getAttribute("aria-label") === label) ?? arrows[0];
  if (!arrow) shown.tabIndex = -1;
  (arrow ?? shown).focus();
}

/** The other version of an answer or question, for the keyboard. @param {HTMLElement} shown @param {number} step */
export function otherVersion(shown, step) {
  const arrows = arrowsOf(shown);
  const labelled = arrows.length === 2 ? arrows[step < 0 ? 0 : 1] : arrows[0];
  labelled?.click();
}
