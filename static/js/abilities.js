// @ts-check
// What the chosen model can do, as the picker's radios say; with several models at once, what all of them can.

/** @returns {HTMLInputElement[]} */
export const radios = () =>
  [...document.querySelectorAll('input[name="model"]')].map((one) => /** @type {HTMLInputElement} */ (one));

export const chosenRadio = () => radios().find((radio) => radio.checked);

/** The models to ask at once; none where it is one. @returns {string[]} */
export const compared = () => [...document.querySelectorAll('input[name="models"]:checked')].map(
  (box) => /** @type {HTMLInputElement} */ (box).value,
);

/** @returns {(HTMLInputElement | undefined)[]} */
function asked() {
  const together = compared();
  return together.length > 1 ? radios().filter((radio) => together.includes(radio.value)) : [chosenRadio()];
}

/** @param {HTMLInputElement | undefined} radio */
const nameOf = (radio) => radio?.dataset.name ?? radio?.value ?? "";

/** The model's name on its button. */
export const modelName = () => nameOf(chosenRadio());

/** @param {HTMLInputElement | undefined} radio @param {string} ability */
const has = (radio, ability) => !!radio?.dataset.can?.split(" ").includes(ability);

/** The first that cannot; "" where all can. @param {string} ability */
export const unable = (ability) => nameOf(asked().find((radio) => !has(radio, ability)));

/** @param {string} ability tools, search, json, schema, effort, thoughts or interpreter */
export const can = (ability) => asked().every((radio) => has(radio, ability));

/** Whether one of the models can. @param {string} ability */
export const someCan = (ability) => asked().some((radio) => has(radio, ability));

/** Whether a model will think: it always does, or it was told to. */
export function thinks() {
  const toggle = document.querySelector('[data-option="thinking"]');
  const always = asked().some((radio) => radio?.dataset.thinking === "always");
  return always || toggle?.getAttribute("aria-pressed") === "true";
}

/** How many tokens the model may think at most; undefined where nobody says. */
export function mostThinking() {
  const limits = asked().map((radio) => Number(radio?.dataset.budget)).filter((limit) => limit > 0);
  return limits.length ? Math.min(...limits) : undefined;
}
