// @ts-check
// The dialog with a conversation's links: copying one. Making and ending them are forms, which htmx sends.

import { onAction } from "./actions.js";
import { copy } from "./clipboard.js";

onAction("copy-link", (button) => {
  const field = button.closest("li")?.querySelector("input");
  if (field) copy(button, field.value);
});
