// @ts-check
// Arrow keys in menus (`role="menu"` popovers): the first item has the focus when a menu opens, also when
// its items arrive a moment later.

/** @param {Element} menu @returns {HTMLElement[]} */
function items(menu) {
  const all = /** @type {HTMLElement[]} */ ([...menu.querySelectorAll('[role^="menuitem"]')]);
  return all.filter((item) => item.checkVisibility?.() ?? true);
}

/** @param {Event} event */
const menuOf = (event) => (event.target instanceof Element ? event.target.closest('[role="menu"]') : null);

document.addEventListener("toggle", (event) => {
  const menu = /** @type {HTMLElement} */ (event.target);
  if (!menu.matches?.('[role="menu"]')) return;
  const open = /** @type {any} */ (event).newState === "open";
  for (const button of document.querySelectorAll(`[popovertarget="${menu.id}"]`)) {
    if (!open) button.removeAttribute("aria-expanded");
  }
  if (open) items(menu)[0]?.focus();
}, true);

document.addEventListener("htmx:afterSwap", (event) => {
  const menu = /** @type {CustomEvent} */ (event).detail?.target;
  if (menu instanceof HTMLElement && menu.matches('[role="menu"]:popover-open')) items(menu)[0]?.focus();
});

document.addEventListener("keydown", (event) => {
  const menu = menuOf(event);
  if (!menu || event.altKey || event.ctrlKey || event.metaKey) return;
  const all = items(menu);
  const at = all.indexOf(/** @type {HTMLElement} */ (document.activeElement));
  const next = target(event.key, all, at);
  if (next) {
    event.preventDefault();
    next.focus();
  } else if (event.key === "Tab") /** @type {HTMLElement} */ (menu).hidePopover();
});

/** @param {string} key @param {HTMLElement[]} all @param {number} at @returns {HTMLElement | undefined} */
function target(key, all, at) {
  if (key === "ArrowDown") return all[(at + 1) % all.length];
  if (key === "ArrowUp") return all.at(at <= 0 ? -1 : at - 1);
  if (key === "Home") return all[0];
  if (key === "End") return all.at(-1);
  if (key.length !== 1 || key === " ") return undefined;
  const after = [...all.slice(at + 1), ...all.slice(0, at + 1)];
  return after.find((item) => item.textContent?.trim().toLowerCase().startsWith(key.toLowerCase()));
}
