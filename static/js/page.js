// @ts-check
// The page's own parts, by name: which conversation is shown, its messages, how to reach the server.

/** The thread that is shown; null on pages without one. @returns {HTMLElement | null} */
export const thread = () => document.getElementById("thread");

/** The shown conversation's id, "" for a new chat. */
export const conversation = () => thread()?.dataset.conversation ?? "";

export const user = () => document.body.dataset.user ?? "";

/** @param {string} id @returns {HTMLElement | null} */
export const article = (id) => document.getElementById(`m-${id}`);

/** @param {string | undefined} status */
export const isRunning = (status) => status === "queued" || status === "streaming";

/** The answers that are being written, oldest first. @returns {HTMLElement[]} */
export function running() {
  return messages().filter((message) => isRunning(message.dataset.status));
}

/** @returns {HTMLElement[]} */
export function messages() {
  return [...(thread()?.querySelectorAll("[data-message].msg") ?? [])].map(
    (found) => /** @type {HTMLElement} */ (found),
  );
}

/** @param {ParentNode} root @param {string} name @returns {HTMLElement | null} */
export const slot = (root, name) => root.querySelector(`[data-slot="${name}"]`);

/** Tells the other modules that the thread has other messages, or messages other states. */
export const changed = () => document.dispatchEvent(new Event("thread:changed"));

/**
 * The first element of a fragment that our own server made.
 * @param {string} html
 * @returns {HTMLElement | null}
 */
export function parsed(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  return /** @type {HTMLElement | null} */ (template.content.firstElementChild);
}

/** Lets htmx find its attributes in what was put into the page. @param {Element} element */
export function wake(element) {
  /** @type {any} */ (window).htmx?.process(element);
}

/** The token that our server wants with everything that changes something. */
export function csrf() {
  try {
    return JSON.parse(document.body.getAttribute("hx-headers") ?? "{}")["X-CSRFToken"] ?? "";
  } catch {
    return "";
  }
}

/**
 * Asks our own server, as htmx would: it answers with the fragment. Throws where the answer is no success.
 * @param {string} path
 * @param {{ data?: Record<string, string>, signal?: AbortSignal, whole?: boolean }} [options] data: POST it;
 *   whole: the page, not a fragment
 * @returns {Promise<Response>}
 */
export async function request(path, { data, signal, whole = false } = {}) {
  const response = await fetch(path, {
    method: data ? "POST" : "GET",
    body: data ? new URLSearchParams(data) : undefined,
    headers: { ...(whole ? {} : { "HX-Request": "true" }), ...(data ? { "X-CSRFToken": csrf() } : {}) },
    credentials: "same-origin",
    signal,
  });
  if (!response.ok) throw new Error(`${response.status} ${path}`);
  return response;
}

/**
 * A new id for a command. `crypto.randomUUID` exists in secure contexts only, and a server in the local
 * network is reached by plain http.
 */
export function newId() {
  if (typeof crypto.randomUUID === "function") return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * One of the page's icons; the sprite's address is read from an icon that the server drew.
 * @param {string} name @param {"xs" | "sm" | "md"} size
 */
export function icon(name, size = "sm") {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("class", size === "md" ? "icon" : `icon icon--${size}`);
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(space, "use");
  const sprite = document.querySelector("svg use")?.getAttribute("href")?.split("#")[0] ?? "";
  use.setAttribute("href", `${sprite}#i-${name}`);
  svg.append(use);
  return svg;
}
