// j and k walk the rows of a list, Enter follows the link that has the focus, x marks a row.
const links = () => [...document.querySelectorAll("table[data-keys] tbody tr")]
  .map((row) => row.querySelector("a"))
  .filter(Boolean);

const types = (place) => place.closest("input:not([type=checkbox]), textarea, select, [contenteditable]");

const press = (event) => {
  if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey || types(event.target)) return;
  if (event.key === "j" || event.key === "k") {
    const all = links();
    if (!all.length) return;
    const row = document.activeElement.closest?.("tr");
    const here = all.findIndex((link) => link.closest("tr") === row);
    const next = event.key === "j" ? Math.min(here + 1, all.length - 1) : Math.max(here - 1, 0);
    all[next].focus();
    event.preventDefault();
  } else if (event.key === "x") {
    const box = document.activeElement.closest?.("tr")?.querySelector("input[type=checkbox]");
    if (box) box.click();
  }
};

let begun = false;

export function start() {
  if (!begun) document.addEventListener("keydown", press);
  begun = true;
  const count = document.querySelector("[data-selected]");
  const form = count?.closest("form");
  if (!form) return;
  const plain = count.textContent;
  form.addEventListener("change", () => {
    const marked = form.querySelectorAll("tbody input[type=checkbox]:checked").length;
    const english = document.documentElement.lang === "en";
    count.textContent = marked ? (english ? `${marked} selected` : `已选 ${marked} 行`) : plain;
  });
}
