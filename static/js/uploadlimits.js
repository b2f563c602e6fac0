// @ts-check
// What may be attached, checked before anything is sent; the server checks again. The sentences are its own.

import { say } from "./words.js";

/**
 * @typedef {{ image: number, document: number, video: number, per_message: number, accept: string,
 *   kinds: Record<string, string>, paste_characters: number }} Limits
 */

const UNKNOWN = { image: Infinity, document: Infinity, video: Infinity, per_message: 16, accept: "", kinds: {} };

/** @returns {Limits} */
function read() {
  const element = document.getElementById("upload-limits");
  try {
    return { ...UNKNOWN, paste_characters: Infinity, ...JSON.parse(element?.textContent ?? "{}") };
  } catch {
    return { ...UNKNOWN, paste_characters: Infinity };
  }
}

export const limits = read();

/** @param {string} name */
const ending = (name) => (/\.([^.]+)$/.exec(name)?.[1] ?? "").toLowerCase();

/** image, video or document, by the name; "" where the name does not say. @param {string} name */
export const kindOf = (name) => limits.kinds[ending(name)] ?? "";

/**
 * Why a file cannot be attached; "" where nothing speaks against it. What has no ending the server looks at.
 * @param {File} file
 */
export function objection(file) {
  const kind = kindOf(file.name);
  if (!kind && ending(file.name) && Object.keys(limits.kinds).length) return say("unsupportedType");
  if (!file.size) return say("emptyFile");
  const most = kind ? limits[/** @type {"image"} */ (kind)] : Math.max(limits.image, limits.document, limits.video);
  if (file.size > most) return say("fileTooLarge", { limit: Math.floor(most / 1_048_576) });
  return "";
}
