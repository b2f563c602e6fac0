// @ts-check
// The model picker's filter and arrow keys.

const picker = document.getElementById("model-pop");
const search = /** @type {HTMLInputElement | null} */ (picker?.querySelector('[type="search"]') ?? null);

/** @returns {HTMLElement[]} */
const models = () => [...(picker?.querySelectorAll(".model") ?? [])].map((one) => /** @type {HTMLElement} */ (one));

function filter() {
  const wanted = (search?.value ?? "").trim().toLowerCase().split(/\s+/);
  for (const model of models()) {
    const text = `${model.dataset.search ?? ""} ${model.textContent}`.toLowerCase();
    model.hidden = !wanted.every((word) => text.includes(word));
  }
  for (const group of picker?.querySelectorAll(".model-group") ?? []) {
    /** @type {HTMLElement} */ (group).hidden = !group.querySelector(".model:not([hidden])");
  }
  const none = /** @type {HTMLElement | null} */ (picker?.querySelector('[data-slot="no-model"]') ?? null);
  if (none) none.hidden = models().some((model) => !model.hidden);
}

/** @param {HTMLElement | undefined} model */
const radio = (model) => /** @type {HTMLInputElement | null} */ (model?.querySelector("input") ?? null);

search?.addEventListener("input", filter);
search?.addEventListener("keydown", (event) => {
  if (event.key !== "ArrowDown" && event.key !== "Enter") return;
  event.preventDefault();
  const shown = models().filter((model) => !model.hidden);
  const first = radio(shown.find((model) => radio(model)?.checked) ?? shown[0]);
  if (event.key === "ArrowDown") return first?.focus();
  const only = radio(shown[0]);
  if (only && search.value.trim()) only.click();
  /** @type {HTMLElement} */ (picker).hidePopover();
});
picker?.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && event.target instanceof HTMLInputElement && event.target.type === "radio") {
    event.preventDefault();
    picker.hidePopover();
  }
});
picker?.addEventListener("click", (event) => {
  // A real click on a model, not the one that an arrow key makes on its input.
  if (!event.detail || !(event.target instanceof Element) || event.target instanceof HTMLInputElement) return;
  if (event.target.closest(".model")?.querySelector('[type="radio"]')) setTimeout(() => picker.hidePopover());
});
picker?.addEventListener("toggle", (event) => {
  if (/** @type {any} */ (event).newState === "closed" && search?.value) {
    search.value = "";
    filter();
  }
});
