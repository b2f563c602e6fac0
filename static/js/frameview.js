// @ts-check
// The large picture in the frames' dialog: the frame that is looked at, or the video itself from there on.

import { onAction } from "./actions.js";
import { slot } from "./page.js";
import { clock } from "./sizes.js";
import { say } from "./words.js";

/** @typedef {import("./shelf.js").Item} Item @typedef {{ n: number, time: number, url: string }} Frame */

const figure = document.querySelector('[data-slot="frames-figure"]');
const play = /** @type {HTMLElement | null} */ (figure?.querySelector('[data-action="frames-play"]') ?? null);
/** @type {Item | null} */
let item = null;
/** @type {Frame | null} */
let viewed = null;

/** @param {Item} of */
export function viewOf(of) {
  item = of;
  closeView();
  if (play) play.hidden = !of.facts?.details?.playable;
}

/** @param {Frame | undefined} frame */
export function view(frame) {
  if (!figure || !frame || !item) return;
  closeView();
  viewed = frame;
  const image = figure.querySelector("img") ?? new Image();
  if (image.getAttribute("src") !== frame.url) image.src = frame.url;
  image.alt = say("frameAt", { time: clock(frame.time) });
  if (!image.isConnected) figure.prepend(image);
  const time = slot(figure, "frames-time");
  if (time) time.textContent = `${clock(frame.time)} / ${clock(item.facts?.duration ?? 0)}`;
}

/** Takes the video away, and lets go of its connection. */
export function closeView() {
  const video = figure?.querySelector("video");
  if (!video) return;
  video.pause();
  video.removeAttribute("src");
  video.load();
  video.remove();
}

onAction("frames-play", () => {
  if (!figure || !item) return;
  const video = document.createElement("video");
  video.controls = true;
  video.playsInline = true;
  video.src = `/attachments/${item.id}/`;
  video.currentTime = viewed?.time ?? 0;
  figure.prepend(video);
  video.focus();
  video.play().catch(closeView);
});
