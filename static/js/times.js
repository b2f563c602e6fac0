// @ts-check
// How long something takes, in words: `12 s`, `2 min 5 s`.

import { say } from "./words.js";

/** @param {number} ms */
export function span(ms) {
  const whole = Math.round(ms / 1000);
  if (whole < 60) return say("seconds", { seconds: whole });
  return say("minutes", { minutes: Math.floor(whole / 60), seconds: whole % 60 });
}
