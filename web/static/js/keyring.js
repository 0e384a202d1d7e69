// What the pages of keys share: words of refusals, files saved and read, keys kept in this browser under their passphrase.
import { Refusal } from "./sealing.js";

export const english = document.documentElement.lang === "en";
export const tell = (zh, en) => (english ? en : zh);

/** Say what went wrong in the reader's language; `words` are the page's, code -> sentence with {facts}. */
export function sentence(error, words) {
  if (!(error instanceof Refusal)) return tell(`没有成功：${error.message}`, `It did not work: ${error.message}`);
  const text = words[error.code] ?? error.code;
  return text.replace(/\{(\w+)\}/g, (whole, name) => String(error.facts[name] ?? "…"));
}

/** Save bytes as a file of the reader's. */
export function save(bytes, name, kind = "application/json") {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([bytes], { type: kind }));
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}

/** Return a chosen file's bytes. */
export const bytesOf = async (file) => new Uint8Array(await file.arrayBuffer());

const place = (kind, id) => `gongbao/${kind}/${id}`;

/** Keep a key file (which is encrypted under its passphrase) in this browser. */
export function keep(kind, id, bytes) {
  try {
    localStorage.setItem(place(kind, id), new TextDecoder().decode(bytes));
  } catch {
    // A browser that keeps nothing: the saved file is enough.
  }
}

/** Return the key file kept in this browser, or null. */
export function kept(kind, id) {
  try {
    const text = localStorage.getItem(place(kind, id));
    return text === null ? null : new TextEncoder().encode(text);
  } catch {
    return null;
  }
}

/** Show what needs script, and say whether a key is kept here. */
export function reveal(part, keptFile) {
  for (const hidden of part.querySelectorAll("[data-needs-script]")) hidden.hidden = false;
  const choice = part.querySelector("[data-kept]");
  if (!choice) return;
  choice.hidden = !keptFile;
  const box = choice.querySelector("[data-use-kept]");
  const file = part.querySelector("[data-key-file]")?.closest(".field");
  const show = () => { if (file) file.hidden = Boolean(keptFile) && box.checked; };
  box.addEventListener("change", show);
  show();
}

/** Return the key file that the reader chose: the kept one or a file. */
export async function chosenKey(part, keptFile) {
  if (keptFile && part.querySelector("[data-use-kept]")?.checked) return keptFile;
  const [file] = part.querySelector("[data-key-file]")?.files ?? [];
  if (!file) throw new Error(tell("请选择密钥文件。", "Choose the key file."));
  return bytesOf(file);
}

/** Run one piece of work from a button, telling its state; the button waits meanwhile. */
export function onGo(part, words, work, selector = "[data-go]") {
  const button = part.querySelector(selector);
  const status = part.querySelector("[data-status]");
  button?.addEventListener("click", async () => {
    button.disabled = true;
    status.classList.remove("tone-stop");
    status.textContent = tell("正在处理，口令解锁需要几秒…", "Working; unlocking takes a few seconds…");
    await new Promise((done) => setTimeout(done, 30));
    try {
      await work(status);
    } catch (error) {
      status.classList.add("tone-stop");
      status.textContent = sentence(error, words);
    } finally {
      button.disabled = false;
    }
  });
}
