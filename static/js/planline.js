// @ts-check
// The line below the files: which model and why, how much it takes, what is sent again, what stands against it.

import { slot } from "./page.js";
import { currentPlan } from "./planning.js";

const line = document.getElementById("plan");

function render() {
  if (!line) return;
  const plan = currentPlan();
  const why = [...new Set((plan?.models ?? []).map((model) => model.why).filter(Boolean))].join(" ");
  write("plan-why", why);
  write("plan-total", plan?.total ?? "");
  write("plan-history", plan?.history ?? "");
  write("plan-problem", plan?.problem?.message ?? "");
  line.toggleAttribute("data-problem", !!plan?.problem);
  line.hidden = ![why, plan?.total, plan?.history, plan?.problem].some(Boolean);
}

/** @param {string} name @param {string} text */
function write(name, text) {
  const place = line && slot(line, name);
  if (!place) return;
  if (place.textContent !== text) place.textContent = text;
  place.hidden = !text;
}

document.addEventListener("plan:changed", render);
