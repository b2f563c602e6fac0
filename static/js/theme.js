// @ts-check
// Light, dark, or as the system; and the time zone, so that the server writes the reader's times. Both are
// cookies, so that the first paint is right.

import { onAction } from "./actions.js";

const YEAR_S = 365 * 24 * 3600;

/** @param {string} name @param {string} value */
function keepCookie(name, value) {
  const secure = location.protocol === "https:" ? "; secure" : "";
  document.cookie = `${name}=${encodeURIComponent(value)}; path=/; max-age=${value ? YEAR_S : 0}; samesite=lax${secure}`;
}

onAction("theme", (button) => {
  const theme = button.dataset.value ?? "";
  const root = document.documentElement;
  if (theme === "light" || theme === "dark") root.dataset.theme = theme;
  else delete root.dataset.theme;
  keepCookie("theme", theme === "light" || theme === "dark" ? theme : "");
  for (const other of document.querySelectorAll('[data-action="theme"]')) {
    other.setAttribute("aria-checked", String(other === button));
  }
});

const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
if (zone && !document.cookie.includes(`timezone=${encodeURIComponent(zone)}`)) keepCookie("timezone", zone);
