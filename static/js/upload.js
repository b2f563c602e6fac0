// @ts-check
// Files on their way to the server and back: sending one with its progress, fetching one from the web,
// asking how far one is, deleting one. What goes wrong is a `Problem` with a sentence for the person.

import { csrf } from "./page.js";
import { say } from "./words.js";

/**
 * An attachment as the server describes it (docs/protocol.md).
 * @typedef {{ id: string, kind: string, name: string, size: number, content_type?: string, status: string,
 *   duration?: number | null, pages?: number | null, width?: number | null, height?: number | null,
 *   url?: string, thumbnail_url?: string | null, error?: { code: string, reason?: string, message: string } | null,
 *   details?: Record<string, unknown> }} Facts
 * @typedef {{ message: string, again: boolean, gone?: boolean }} Problem again: trying again may help
 */

const PAUSES_MS = [500, 1000, 2000];
// Trying again with the same file changes nothing about these.
const FINAL = new Set(["too_large", "unsupported_type", "unreadable", "invalid", "quota_exceeded"]);

/** @param {number} status @param {string} text @returns {Problem} */
function problem(status, text) {
  if (status === 404) return { message: say("fileGone"), again: false, gone: true };
  try {
    const { code, message, retry_after: wait } = JSON.parse(text).error;
    const later = wait && wait <= 120 ? ` ${say("tryAgainIn", { seconds: wait })}` : "";
    return { message: message + later, again: !FINAL.has(code) };
  } catch {
    // Not from our application: a proxy in front of it, or the sign-in page.
  }
  if (status === 413) return { message: say("uploadRefused"), again: false };
  if (status === 401 || status === 403) return { message: say("signedOut"), again: true };
  return { message: say(status ? "uploadFailed" : "uploadBroke"), again: true };
}

/** @param {number} status @param {string} text @returns {Facts} */
function read(status, text) {
  if (status < 200 || status > 299) throw problem(status, text);
  try {
    return JSON.parse(text);
  } catch {
    throw problem(status, text);
  }
}

/**
 * Sends a file; aborting really ends the transfer.
 * @param {File} file
 * @param {{ signal: AbortSignal, progress: (share: number) => void, sent: () => void }} watch sent: all bytes
 *   have left, the server looks at them
 * @returns {Promise<Facts>}
 */
export function send(file, { signal, progress, sent }) {
  return new Promise((resolve, reject) => {
    const transfer = new XMLHttpRequest();
    transfer.open("POST", "/attachments/");
    transfer.setRequestHeader("X-CSRFToken", csrf());
    transfer.setRequestHeader("Accept", "application/json");
    transfer.upload.onprogress = ({ loaded, total }) => progress(total ? loaded / total : 0);
    transfer.upload.onload = sent;
    transfer.onload = () => {
      try {
        resolve(read(transfer.status, transfer.responseText));
      } catch (error) {
        reject(error);
      }
    };
    transfer.onerror = () => reject(problem(0, ""));
    transfer.onabort = () => reject(problem(0, ""));
    signal.addEventListener("abort", () => transfer.abort());
    const form = new FormData();
    form.append("file", file, file.name);
    transfer.send(form);
  });
}

/** @param {string} path @param {RequestInit} [options] @returns {Promise<Facts>} */
async function ask(path, options = {}) {
  let response;
  let text;
  try {
    const headers = { Accept: "application/json", "X-CSRFToken": csrf(), ...options.headers };
    response = await fetch(path, { ...options, headers, credentials: "same-origin" });
    text = await response.text();
  } catch {
    throw problem(0, "");
  }
  return read(response.status, text);
}

/** Lets the server fetch a picture from the web. @param {string} url @param {AbortSignal} signal */
export const fetchFrom = (url, signal) => ask("/attachments/from-url/", {
  method: "POST", body: JSON.stringify({ url }), headers: { "Content-Type": "application/json" }, signal,
});

/** How it stands with a file. @param {string} id @param {AbortSignal} signal */
export const facts = (id, signal) => ask(`/attachments/${id}/`, { signal });

/**
 * Waits until the server has prepared a file; rejects with what is wrong with it.
 * @param {Facts} known @param {AbortSignal} signal @param {(facts: Facts) => void} [heard]
 * @returns {Promise<Facts>}
 */
export async function prepared(known, signal, heard) {
  for (let round = 0; known.status === "processing"; round += 1) {
    await new Promise((resolve) => setTimeout(resolve, PAUSES_MS[Math.min(round, PAUSES_MS.length - 1)]));
    signal.throwIfAborted();
    try {
      known = await facts(known.id, signal);
    } catch (error) {
      // A poll that was lost on the way is no failure of the file.
      if (!(/** @type {Problem} */ (error).again) || round > 60) throw error;
    }
    heard?.(known);
  }
  if (known.status === "failed") {
    const { message = say("uploadFailed"), code = "" } = known.error ?? {};
    throw { message, again: code === "internal" || code === "storage_full" };
  }
  return known;
}

/** Deletes a file at the server; one that a message uses stays. @param {string} id */
export function forget(id) {
  fetch(`/attachments/${id}/`, {
    method: "DELETE", headers: { "X-CSRFToken": csrf(), Accept: "application/json" }, keepalive: true,
  }).catch(() => {}); // unused files are swept anyway
}
