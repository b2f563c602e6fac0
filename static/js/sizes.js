// @ts-check
// Amounts as people read them, in the page's language.

const language = document.documentElement.lang || "en";
const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte"];

/** "2.1 MB" @param {number} bytes */
export function size(bytes) {
  const step = Math.min(UNITS.length - 1, Math.max(0, Math.floor(Math.log2(Math.max(1, bytes)) / 10)));
  const amount = bytes / 1024 ** step;
  return new Intl.NumberFormat(language, {
    style: "unit", unit: UNITS[step], unitDisplay: step ? "short" : "long", maximumFractionDigits: amount < 10 ? 1 : 0,
  }).format(amount);
}

/** "0:07.7": minutes, seconds, tenths. @param {number} seconds */
export function clock(seconds) {
  const tenths = Math.round(seconds * 10);
  const rest = tenths % 600;
  return `${Math.floor(tenths / 600)}:${rest < 100 ? "0" : ""}${(rest / 10).toFixed(1)}`;
}

/** Seconds from "1:07.5", "67.5" or "67,5"; NaN where it is no time. @param {string} text */
export function seconds(text) {
  const parts = text.trim().replace(",", ".").split(":");
  if (parts.length > 3 || parts.some((part) => !/^\d+(\.\d*)?$/.test(part))) return NaN;
  return parts.reduce((sum, part) => sum * 60 + Number(part), 0);
}

/** "2.5" @param {number} value */
export const number = (value) => new Intl.NumberFormat(language, { maximumFractionDigits: 2 }).format(value);
