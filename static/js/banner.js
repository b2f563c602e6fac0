// @ts-check
// What the page says about its connection: a banner once it has been gone for two seconds, a way to sign
// in again, a way to a newer page.

import { announce } from "./announcer.js";
import { onAction } from "./actions.js";
import { connect, on } from "./socket.js";
import { toast } from "./toasts.js";
import { say } from "./words.js";

const PATIENCE_MS = 2_000;

const banner = () => document.getElementById("banner-offline");
let until = 0;
let gone = false;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let reveal;
/** @type {ReturnType<typeof setInterval> | undefined} */
let clock;

function count() {
  const seconds = Math.max(0, Math.ceil((until - Date.now()) / 1000));
  const text = seconds ? say("reconnectingIn", { seconds }) : say("reconnecting");
  const place = banner()?.querySelector('[data-slot="offline-text"]');
  if (place && place.textContent !== text) place.textContent = text;
}

function lost() {
  if (gone) return;
  gone = true;
  reveal = setTimeout(() => {
    const shown = banner();
    if (shown) shown.hidden = false;
    document.documentElement.dataset.offline = "";
    announce(say("connectionLost"));
    count();
    clock = setInterval(count, 250);
  }, PATIENCE_MS);
}

function found() {
  if (!gone) return;
  gone = false;
  clearTimeout(reveal);
  clearInterval(clock);
  const shown = banner();
  if (shown && !shown.hidden) {
    if (shown.contains(document.activeElement)) document.getElementById("composer-text")?.focus();
    shown.hidden = true;
    announce(say("connectionBack"));
  }
  delete document.documentElement.dataset.offline;
}

on("down", lost);
on("waiting", (event) => (until = event.until));
on("ready", found);
on("signed-out", () => {
  found();
  const next = encodeURIComponent(location.pathname + location.search);
  toast(say("signedOut"), { label: say("signIn"), href: `/accounts/login/?next=${next}`, stays: true });
});
on("outdated", () => {
  found();
  toast(say("newVersion"), { label: say("reload"), run: () => location.reload(), stays: true });
});
/** What the server says to nobody in particular, e.g. that too many tabs are open. */
let said = "";
on("error", ({ request, message }) => {
  if (request || !message || message === said) return;
  said = message;
  toast(message, { stays: true });
});
onAction("reconnect", connect);
if (document.body.dataset.socket) lost(); // until the first greeting
connect();
