// @ts-check
// Editing a question: its bubble becomes a message box, and what is saved is asked beside it, as another
// version. Its files stay with it unless they are taken away. What is typed there is a draft of its own.

import { onAction } from "./actions.js";
import { showError } from "./composer.js";
import { draft, draftKey, keep, keepNow } from "./drafts.js";
import { isComposing, isEnter } from "./keys.js";
import { article, conversation, icon, request, slot } from "./page.js";
import { chosen } from "./options.js";
import { ask } from "./outbox.js";
import { filesOf } from "./pending.js";
import { toEnd } from "./scroll.js";
import { say } from "./words.js";

onAction("edit", async (button) => {
  const id = button.dataset.message ?? "";
  const shown = article(id);
  if (!shown || "editing" in shown.dataset) return;
  shown.dataset.editing = "";
  const key = draftKey(`edit-${id}`);
  const text = draft(key) || (await sourceOf(id)) || slot(shown, "text")?.textContent || "";
  if (shown.isConnected) openForm(shown, id, key, text);
});

/** @param {string} id */
async function sourceOf(id) {
  try {
    return await (await request(`/messages/${id}/source/`)).text();
  } catch {
    return "";
  }
}

/** @param {HTMLElement} shown @param {string} id @param {string} key @param {string} text */
function openForm(shown, id, key, text) {
  const form = document.createElement("form");
  form.className = "composer composer--edit";
  form.setAttribute("aria-label", say("editQuestion"));
  const box = document.createElement("textarea");
  box.className = "composer__text";
  box.dir = "auto";
  box.value = text;
  box.setAttribute("aria-label", say("editQuestion"));
  const files = filesOf(shown);
  const chips = document.createElement("ul");
  chips.className = "chips";
  chips.setAttribute("role", "list");
  chips.setAttribute("aria-label", say("filesOfQuestion"));
  chips.append(...files.map((file) => chip(file, box)));
  chips.hidden = !files.length;
  /** @returns {string[]} */
  const kept = () => [...chips.children].map((one) => /** @type {HTMLElement} */ (one).dataset.file ?? "");
  const error = document.createElement("p");
  error.className = "composer__error field__error";
  error.hidden = true;
  const bar = document.createElement("div");
  bar.className = "composer__bar";
  const space = document.createElement("span");
  space.className = "spacer";
  const cancel = button("cancel", "btn btn--sm", "button");
  const save = button("saveAndAsk", "btn btn--sm btn--solid", "submit");
  bar.append(space, cancel, save);
  form.append(chips, box, error, bar);

  const hidden = /** @type {HTMLElement[]} */ ([...shown.querySelectorAll(":scope > :is(.atts, .bubble, .msg__bar):not([hidden])")]);
  for (const part of hidden) part.hidden = true;
  shown.append(form);
  box.focus();
  box.setSelectionRange(box.value.length, box.value.length);

  const close = () => {
    form.remove();
    for (const part of hidden) part.hidden = false;
    delete shown.dataset.editing;
    document.dispatchEvent(new Event("editing:closed"));
    /** @type {HTMLElement | null} */ (shown.querySelector('[data-action="edit"]'))?.focus();
  };
  const cancelled = () => {
    keepNow(key, "");
    close();
  };
  let asked = false;
  const submit = async () => {
    if (asked || (!box.value.trim() && !kept().length)) return;
    asked = true;
    save.setAttribute("aria-disabled", "true");
    try {
      const ack = await ask({
        type: "send",
        conversation: conversation(),
        parent: id, // the question itself: asked again beside it
        text: box.value,
        attachments: kept(),
        options: chosen(),
        cut: true,
      });
      keepNow(key, "");
      if (shown.isConnected) close();
      document.dispatchEvent(new Event("editing:closed"));
      const fresh = article(ack.messages?.[0]?.id ?? "");
      if (fresh) fresh.tabIndex = -1;
      fresh?.focus({ preventScroll: true });
      toEnd();
    } catch (refusal) {
      asked = false;
      save.removeAttribute("aria-disabled");
      const { message } = /** @type {any} */ (refusal);
      error.textContent = message;
      error.hidden = false;
      showError(/** @type {any} */ ({ .../** @type {any} */ (refusal), message: "" }));
    }
  };
  cancel.addEventListener("click", cancelled);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    submit();
  });
  box.addEventListener("input", () => keep(key, box.value));
  box.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !isComposing(event)) {
      event.stopPropagation(); // not: stop the answer
      cancelled();
    } else if (isEnter(event)) {
      event.preventDefault();
      submit();
    }
  });
}

/**
 * A file of the question, which can be left out of its new version.
 * @param {import("./shelf.js").Ref} file @param {HTMLElement} after has the focus once it is gone
 */
function chip(file, after) {
  const made = document.createElement("li");
  made.className = "chip chip--plain";
  made.dataset.file = file.id;
  const thumb = document.createElement("span");
  thumb.className = "chip__thumb";
  const image = file.thumbnail_url ? new Image() : null;
  if (image) {
    image.src = file.thumbnail_url ?? "";
    image.alt = "";
  }
  thumb.append(image ?? icon(file.kind === "video" ? "film" : file.kind === "image" ? "image" : "file", "md"));
  const name = document.createElement("bdi");
  name.className = "chip__text truncate";
  name.textContent = file.name;
  const remove = document.createElement("button");
  remove.type = "button";
  remove.className = "btn btn--ghost btn--icon btn--xs";
  remove.setAttribute("aria-label", say("removeFile", { name: file.name }));
  remove.append(icon("x"));
  remove.addEventListener("click", () => {
    const list = made.parentElement;
    made.remove();
    if (list) list.hidden = !list.children.length;
    after.focus();
  });
  made.append(thumb, name, remove);
  return made;
}

/**
 * @param {"cancel" | "saveAndAsk"} word @param {string} look @param {"button" | "submit"} type
 */
function button(word, look, type) {
  const made = document.createElement("button");
  made.type = type;
  made.className = look;
  made.textContent = say(word);
  return made;
}
