// @ts-check
// Earlier messages come by themselves when the reader nears them; what is on the screen stays where it is.

import { thread } from "./page.js";

const scroller = document.getElementById("transcript");
const htmx = /** @type {any} */ (window).htmx;

if (scroller && htmx) {
  const near = new IntersectionObserver(
    (entries) => {
      for (const { isIntersecting, target } of entries) {
        if (!isIntersecting) continue;
        near.unobserve(target);
        htmx.trigger(target, "older");
      }
    },
    { root: scroller, rootMargin: "600px 0px 0px 0px" },
  );
  const watch = () => {
    const link = document.getElementById("older");
    if (link && thread()?.contains(link)) near.observe(link);
  };
  // Not before the reader scrolls: a short branch would load page after page.
  scroller.addEventListener("scroll", watch, { once: true, passive: true });
  document.addEventListener("htmx:afterSwap", () => requestAnimationFrame(watch));
}
