// @ts-check
// Turning a picture by quarters and sending only a part of it: by dragging, or by the numbers beside it. Only
// the choice is kept; the server makes the picture.

import { onAction } from "./actions.js";
import { openDialog } from "./dialogs.js";
import { slot } from "./page.js";
import * as shelf from "./shelf.js";
import { say } from "./words.js";

/** @typedef {import("./shelf.js").Item} Item @typedef {[number, number, number, number]} Box left, top, right, bottom */

const dialog = /** @type {HTMLDialogElement | null} */ (document.getElementById("crop"));
const form = /** @type {HTMLFormElement | null} */ (document.getElementById("crop-options"));
const canvas = /** @type {HTMLCanvasElement | null} */ (dialog && slot(dialog, "crop-view"));
const NAMES = ["left", "top", "right", "bottom"];
const LEAST = 0.02; // of a side
const LONGEST_PX = 1200; // of the canvas: sharp enough to choose by
const GRIP = 0.04;

/** @type {Item | null} */
let item = null;
/** @type {HTMLImageElement | null} */
let picture = null;
let turn = 0;
/** @type {Box} of the turned picture */
let box = [0, 0, 1, 1];

/** @param {Item} chosen */
export async function crop(chosen) {
  if (!dialog) return;
  item = chosen;
  turn = chosen.delivery?.turn ?? 0;
  box = /** @type {Box} */ ([...(chosen.delivery?.box ?? [0, 0, 1, 1])]);
  openDialog(dialog);
  picture = new Image();
  picture.onload = draw;
  picture.src = `/attachments/${chosen.id}/`;
  numbers();
}

const isWhole = () => box.every((side, index) => Math.abs(side - (index < 2 ? 0 : 1)) < 0.005);

function draw() {
  const pen = canvas?.getContext("2d");
  if (!canvas || !pen || !picture?.naturalWidth) return;
  const upright = turn % 180 === 0;
  const [wide, high] = [picture.naturalWidth, picture.naturalHeight];
  const scale = Math.min(1, LONGEST_PX / Math.max(wide, high));
  canvas.width = Math.round((upright ? wide : high) * scale);
  canvas.height = Math.round((upright ? high : wide) * scale);
  pen.save();
  pen.translate(canvas.width / 2, canvas.height / 2);
  pen.rotate((turn * Math.PI) / 180);
  pen.drawImage(picture, (-wide * scale) / 2, (-high * scale) / 2, wide * scale, high * scale);
  pen.restore();
  shade(pen, canvas.width, canvas.height);
}

/** @param {CanvasRenderingContext2D} pen @param {number} wide @param {number} high */
function shade(pen, wide, high) {
  if (isWhole()) return;
  const [left, top, right, bottom] = [box[0] * wide, box[1] * high, box[2] * wide, box[3] * high];
  pen.fillStyle = "rgb(8 16 14 / .6)";
  pen.beginPath();
  pen.rect(0, 0, wide, high);
  pen.rect(left, top, right - left, bottom - top);
  pen.fill("evenodd");
  const line = Math.max(2, wide / 300);
  pen.lineWidth = line;
  pen.strokeStyle = "#fff";
  pen.strokeRect(left, top, right - left, bottom - top);
  pen.fillStyle = "#fff";
  for (const x of [left, right]) for (const y of [top, bottom]) pen.fillRect(x - 3 * line, y - 3 * line, 6 * line, 6 * line);
}

/** Shows the box in the fields, and how large it is. */
function numbers() {
  NAMES.forEach((name, index) => {
    const field = /** @type {HTMLInputElement | null} */ (form?.elements.namedItem(name));
    if (field && field !== document.activeElement) field.value = String(Math.round(box[index] * 100));
  });
  const note = dialog && slot(dialog, "crop-note");
  const { width, height } = item?.facts ?? {};
  if (!note || !width || !height) return;
  const [wide, high] = turn % 180 === 0 ? [width, height] : [height, width];
  note.textContent = say("cropSize", {
    width: Math.round((box[2] - box[0]) * wide), height: Math.round((box[3] - box[1]) * high),
  });
}

/** @param {Box} next */
function take(next) {
  box = /** @type {Box} */ (next.map((side) => Math.min(1, Math.max(0, side))));
  draw();
  numbers();
}

form?.addEventListener("input", () => {
  const next = NAMES.map((name) => Number(/** @type {HTMLInputElement} */ (form.elements.namedItem(name)).value) / 100);
  const sound = next.every(Number.isFinite) && next[2] - next[0] >= LEAST && next[3] - next[1] >= LEAST && next[2] <= 1 && next[3] <= 1;
  for (const name of NAMES) {
    /** @type {HTMLInputElement} */ (form.elements.namedItem(name)).setAttribute("aria-invalid", String(!sound));
  }
  if (sound) take(/** @type {Box} */ (next));
});
form?.addEventListener("submit", (event) => event.preventDefault());

// ---- dragging ----

/** What is held: sides that move, or the whole box; null: a new box is drawn. */
/** @type {{ sides: number[], from: [number, number], box: Box } | null} */
let held = null;

/** @param {PointerEvent} event @returns {[number, number]} */
function point(event) {
  const { left, top, width, height } = /** @type {HTMLCanvasElement} */ (canvas).getBoundingClientRect();
  return [(event.clientX - left) / width, (event.clientY - top) / height];
}

canvas?.addEventListener("pointerdown", (event) => {
  canvas.setPointerCapture(event.pointerId);
  const [x, y] = point(event);
  const sides = [0, 1, 2, 3].filter((side) => Math.abs(box[side] - (side % 2 ? y : x)) < GRIP);
  const inside = x > box[0] - GRIP && x < box[2] + GRIP && y > box[1] - GRIP && y < box[3] + GRIP;
  if (!inside || (isWhole() && !sides.length)) {
    box = [x, y, x, y];
    held = { sides: [2, 3], from: [x, y], box: [...box] };
  } else held = { sides, from: [x, y], box: [...box] };
});
canvas?.addEventListener("pointermove", (event) => {
  if (!held) return;
  const [x, y] = point(event);
  const next = /** @type {Box} */ ([...held.box]);
  if (held.sides.length) for (const side of held.sides) next[side] = side % 2 ? y : x;
  else {
    const across = Math.min(1 - held.box[2], Math.max(-held.box[0], x - held.from[0]));
    const down = Math.min(1 - held.box[3], Math.max(-held.box[1], y - held.from[1]));
    for (const side of [0, 1, 2, 3]) next[side] += side % 2 ? down : across;
  }
  take([Math.min(next[0], next[2]), Math.min(next[1], next[3]), Math.max(next[0], next[2]), Math.max(next[1], next[3])]);
});
for (const name of ["pointerup", "pointercancel"]) {
  canvas?.addEventListener(name, () => {
    if (held && (box[2] - box[0] < LEAST || box[3] - box[1] < LEAST)) take([0, 0, 1, 1]); // a click
    held = null;
  });
}

onAction("crop-turn", () => {
  turn = (turn + 90) % 360;
  take([1 - box[3], box[0], 1 - box[1], box[2]]);
});
onAction("crop-whole", () => take([0, 0, 1, 1]));
onAction("crop-cancel", () => dialog?.close());
onAction("crop-use", () => {
  const rounded = box.map((side) => Number(side.toFixed(4)));
  if (item) shelf.deliver(item, { turn: turn || undefined, box: isWhole() ? undefined : rounded });
  dialog?.close();
});
