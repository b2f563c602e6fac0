// @ts-check
// Short notes at the page's foot. Never the only sign of something that matters.

const STAYS_MS = 5_000;
const STAYS_WITH_ACTION_MS = 10_000;

/**
 * @param {string} text
 * @param {{ label?: string, href?: string, run?: () => void, stays?: boolean }} [action]
 */
export function toast(text, { label, href, run, stays } = {}) {
  const place = document.getElementById("toasts");
  if (!place) return;
  const note = document.createElement("div");
  note.className = "toast";
  note.setAttribute("role", "status");
  const said = document.createElement("span");
  note.append(said);
  if (label) {
    const offer = document.createElement(href ? "a" : "button");
    offer.className = "btn btn--sm";
    offer.textContent = label;
    if (offer instanceof HTMLAnchorElement) offer.href = href ?? "";
    else offer.type = "button";
    offer.addEventListener("click", () => {
      run?.();
      note.remove();
    });
    note.append(offer);
  }
  place.append(note);
  said.textContent = text; // after the region stands: else it is not read out
  if (stays) return;
  const life = label ? STAYS_WITH_ACTION_MS : STAYS_MS;
  const leave = () => (note.matches(":hover, :focus-within") ? setTimeout(leave, 1000) : note.remove());
  setTimeout(leave, life);
}
