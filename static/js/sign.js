// @ts-check
// The account pages work without this; with it a password can be shown, and the language changes at once.

for (const button of document.querySelectorAll('[data-action="show-password"]')) {
  if (!(button instanceof HTMLButtonElement)) continue;
  const input = document.getElementById(button.getAttribute("aria-controls") ?? "");
  if (!(input instanceof HTMLInputElement)) continue;
  button.hidden = false;
  button.addEventListener("click", () => {
    const shown = input.type === "password";
    input.type = shown ? "text" : "password";
    // The name stays “Show password”: `aria-pressed` says whether it is shown.
    button.setAttribute("aria-pressed", String(shown));
    input.focus();
  });
  // Hidden again before it is sent, so that browsers offer to keep it as a password.
  input.form?.addEventListener("submit", () => {
    input.type = "password";
  });
}

for (const select of document.querySelectorAll('[data-action="set-language"]')) {
  if (select instanceof HTMLSelectElement) {
    select.addEventListener("change", () => select.form?.requestSubmit());
  }
}
