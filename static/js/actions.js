// @ts-check
// One listener for every button that says what it does: `data-action`. It is on the document, so what
// arrives later needs no wiring.

/** @type {Map<string, (button: HTMLElement, event: MouseEvent) => void>} */
const actions = new Map();

/**
 * @param {string} name
 * @param {(button: HTMLElement, event: MouseEvent) => void} act
 */
export function onAction(name, act) {
  actions.set(name, act);
}

document.addEventListener("click", (event) => {
  const target = event.target instanceof Element ? event.target : null;
  const button = /** @type {HTMLElement | null} */ (target?.closest("[data-action]"));
  const act = actions.get(button?.dataset.action ?? "");
  if (!button || !act) return;
  if (button instanceof HTMLAnchorElement && (event.ctrlKey || event.metaKey || event.shiftKey)) return;
  event.preventDefault();
  if (button.getAttribute("aria-disabled") === "true") return;
  act(button, event);
});
