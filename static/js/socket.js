// @ts-check
// The tab's one socket: connects, says when it is ready, finds out when it is dead, comes back. What is
// said over it is for others: `on(type, handler)` hears the server's events by their `type`, and besides
//   ready                 the server has greeted this connection: commands may be sent
//   down {code}           a connection ended
//   waiting {until}       the next attempt, in `Date.now()` milliseconds
//   signed-out            the session ended; nobody reconnects
//   outdated              the server speaks another version of the protocol

const PROTOCOL = 1;
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 15_000;
const RESTART_SPREAD_MS = 5_000; // so that a restarted server is not met by everybody at once
const HEARTBEAT_MS = 25_000; // some home routers forget a silent connection after 60 s
const SILENCE_MS = 10_000;
const GREETING_MS = 3_000; // a server without a greeting is taken as ready then
const CONNECT_MS = 15_000;
const STEADY_MS = 5_000; // a connection that lasted this long was a good one: the waiting starts anew

const events = new EventTarget();
/** @type {WebSocket | null} */
let socket = null;
let greeted = false;
let over = false; // signed out or outdated
let restarting = false;
let attempts = 0;
let since = 0;
let heard = 0;
/** @type {Record<string, ReturnType<typeof setTimeout> | undefined>} */
const timers = {};

/** @param {string} name @param {number} ms @param {() => void} act */
function after(name, ms, act) {
  clearTimeout(timers[name]);
  timers[name] = setTimeout(act, ms);
}

/** @param {string} type @param {(event: any) => void} handler */
export function on(type, handler) {
  events.addEventListener(type, (event) => handler(/** @type {CustomEvent} */ (event).detail));
}

/** @param {string} type @param {object} [detail] */
function emit(type, detail = {}) {
  events.dispatchEvent(new CustomEvent(type, { detail }));
}

export const isReady = () => greeted;

/** Sends now, or not at all. @param {object} command @returns {boolean} whether it went out */
export function tell(command) {
  if (!socket || !greeted || socket.readyState !== WebSocket.OPEN) return false;
  socket.send(JSON.stringify(command));
  return true;
}

/** Connects at once where there is no connection. */
export function connect() {
  clearTimeout(timers.retry);
  const path = document.body.dataset.socket;
  if (!path || over || socket) return;
  const url = new URL(path, location.href);
  url.protocol = url.protocol.replace("http", "ws");
  const opened = new WebSocket(url);
  socket = opened;
  after("connect", CONNECT_MS, () => drop(opened, 1006));
  opened.onopen = () => after("greeting", GREETING_MS, () => ready(opened));
  opened.onmessage = (message) => hear(opened, message.data);
  opened.onclose = (event) => drop(opened, event.code);
}

/** @param {WebSocket} from */
function ready(from) {
  if (from !== socket || greeted) return;
  clearTimeout(timers.connect);
  clearTimeout(timers.greeting);
  greeted = true;
  restarting = false;
  since = Date.now();
  after("heartbeat", HEARTBEAT_MS, probe);
  emit("ready");
}

/** @param {WebSocket} from @param {unknown} data */
function hear(from, data) {
  if (from !== socket || typeof data !== "string") return;
  heard = Date.now();
  clearTimeout(timers.silence);
  /** @type {any} */
  let event;
  try {
    event = JSON.parse(data);
  } catch {
    return;
  }
  if (event.type === "hello") {
    if (event.protocol !== PROTOCOL) return finish("outdated");
    return ready(from);
  }
  if (event.type === "restarting") restarting = true;
  if (event.type === "error" && event.code === "unauthenticated") return finish("signed-out");
  emit(event.type, event);
}

/** @param {"outdated" | "signed-out"} why */
function finish(why) {
  if (over) return;
  over = true;
  leave();
  emit("down", { code: 1000 });
  emit(why);
}

function leave() {
  const left = socket;
  socket = null;
  greeted = false;
  for (const timer of Object.values(timers)) clearTimeout(timer);
  if (!left) return;
  left.onopen = left.onmessage = left.onclose = null;
  left.close();
}

/** A connection ended, or is as good as ended. @param {WebSocket} from @param {number} code */
function drop(from, code) {
  if (from !== socket) return;
  if (greeted && Date.now() - since > STEADY_MS) attempts = 0;
  leave();
  if (code === 4401) return finish("signed-out");
  emit("down", { code });
  const wait = pause(code);
  emit("waiting", { until: Date.now() + wait });
  after("retry", wait, connect);
}

/** How long to wait before the next attempt. @param {number} code */
function pause(code) {
  if (restarting) return Math.random() * RESTART_SPREAD_MS;
  const wait = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** attempts);
  attempts += 1;
  if (code === 4408 && attempts === 1) return Math.random() * 100; // we were slow: just resume
  return wait * (0.75 + Math.random() * 0.5);
}

/** Asks for a sign of life; without one the connection is given up, whatever the browser thinks of it. */
function probe() {
  const probed = socket;
  if (!probed || !tell({ type: "ping" })) return;
  after("silence", SILENCE_MS, () => drop(probed, 1006));
  after("heartbeat", HEARTBEAT_MS, probe);
}

on("ready", () => after("steady", STEADY_MS, () => (attempts = 0)));
addEventListener("online", connect);
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState !== "visible") return;
  if (!socket) connect();
  else if (greeted && Date.now() - heard > HEARTBEAT_MS) probe(); // the machine may have slept
});
// A page with an open socket is not kept for the back button; one without is, and comes back connected.
addEventListener("pagehide", leave);
addEventListener("pageshow", (event) => event.persisted && connect());
