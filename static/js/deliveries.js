// @ts-check
// The options of a message with files: what is chosen for every answer, what OCR adds, and how the person
// wants each file to reach the model.

import { recognition } from "./ocr.js";
import { chosen } from "./options.js";

/** @param {import("./shelf.js").Ref[]} files @returns {Record<string, unknown>} */
export function wanted(files) {
  const options = { ...chosen(), ...recognition() };
  const deliveries = Object.fromEntries(files.filter((file) => file.delivery).map((file) => [file.id, file.delivery]));
  return Object.keys(deliveries).length ? { ...options, deliveries } : options;
}
