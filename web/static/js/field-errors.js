// What is wrong with a form that never leaves this page, told as the server tells it: a summary at the top that takes
// the focus, its links into the fields, and the message beside each field. Nothing that was typed is touched.
import { start } from "./errors.js";
import { tell } from "./keyring.js";

const cross = () => document.querySelector("[data-wrong-mark]").content.cloneNode(true);

function element(name, className, ...inside) {
  const made = document.createElement(name);
  if (className) made.className = className;
  made.append(...inside);
  return made;
}

/** Take every message away again. */
export function clear(form) {
  document.querySelector("[data-summary]").replaceChildren();
  for (const told of form.querySelectorAll("[data-told-here]")) told.remove();
  for (const field of form.querySelectorAll(".field--wrong")) field.classList.remove("field--wrong");
  for (const input of form.querySelectorAll("[aria-invalid]")) {
    input.removeAttribute("aria-invalid");
    input.setAttribute("aria-describedby", (input.getAttribute("aria-describedby") ?? "").replace(`${input.id}-wrong`, "").trim());
  }
}

function beside(input, message) {
  const field = input.closest(".field");
  const words = element("div", "field__error", cross(), element("span", "", message));
  words.id = `${input.id}-wrong`;
  words.dataset.toldHere = "";
  field.classList.add("field--wrong");
  const after = field.querySelector(".field__hint") ?? field.querySelector("legend, label");
  if (field.querySelector(":scope > .choice") && field.tagName !== "FIELDSET") field.prepend(words);
  else after.after(words);
  input.setAttribute("aria-invalid", "true");
  input.setAttribute("aria-describedby", `${input.getAttribute("aria-describedby") ?? ""} ${words.id}`.trim());
}

/** Show all that is wrong at once: pairs of (the field's id or "", what to do about it). */
export function show(form, wrong) {
  clear(form);
  const lines = wrong.map(([id, message]) => {
    const input = id && document.getElementById(id);
    if (!input) return element("li", "", message);
    beside(input, message);
    const link = element("a", "", message);
    link.href = `#${id}`;
    return element("li", "", link);
  });
  const title = lines.length > 1
    ? tell(`有 ${lines.length} 处需要更正`, `${lines.length} things need correcting`)
    : tell("有一处需要更正", "One thing needs correcting");
  const words = element("div", "notice__words", element("h2", "", title), element("ul", "", ...lines));
  const summary = element("div", "notice notice--stop", cross(), words);
  summary.id = "errors";
  summary.tabIndex = -1;
  summary.dataset.errors = "";
  summary.setAttribute("role", "alert");
  document.querySelector("[data-summary]").replaceChildren(summary);
  start();
}
