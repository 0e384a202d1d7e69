// A form with files shows how much has gone, and what each file's SHA-256 is. The server answers as it would without.
const english = document.documentElement.lang === "en";
const hex = (buffer) => [...new Uint8Array(buffer)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
const size = (count) => (count < 1048576 ? `${(count / 1024).toFixed(1)} KiB` : `${(count / 1048576).toFixed(1)} MiB`);

for (const input of document.querySelectorAll("input[type=file][data-upload]")) {
  const list = document.createElement("ul");
  list.className = "field__hint";
  list.setAttribute("aria-live", "polite");
  input.closest(".field").append(list);

  input.addEventListener("change", async () => {
    list.replaceChildren();
    for (const file of input.files) {
      const line = document.createElement("li");
      line.textContent = `${file.name} ${size(file.size)}`;
      list.append(line);
      if (crypto.subtle && file.size <= 64 * 1048576) {
        const digest = hex(await crypto.subtle.digest("SHA-256", await file.arrayBuffer()));
        line.textContent += ` SHA-256 ${digest.slice(0, 10)}…${digest.slice(-6)}`;
      }
    }
  });

  const form = input.form;
  if (!form || form.dataset.watched) continue;
  form.dataset.watched = "yes";
  form.addEventListener("submit", (event) => {
    const chosen = [...form.querySelectorAll("input[type=file]")].some((one) => one.files.length);
    if (!chosen) return;
    event.preventDefault();
    const bar = document.createElement("progress");
    const words = document.createElement("p");
    words.className = "soft";
    words.setAttribute("role", "status");
    form.append(bar, words);
    const body = new FormData(form, event.submitter);
    const request = new XMLHttpRequest();
    request.open("POST", form.action || location.href);
    request.upload.addEventListener("progress", (step) => {
      if (!step.lengthComputable) return;
      bar.max = step.total;
      bar.value = step.loaded;
      words.textContent = english
        ? `Sent ${size(step.loaded)} of ${size(step.total)}`
        : `已上传 ${size(step.loaded)}，共 ${size(step.total)}`;
    });
    request.addEventListener("load", () => {
      // The answer is a page: where the server led to another address go there, else show what it said.
      const moved = request.status < 400 && request.responseURL && request.responseURL !== (form.action || location.href);
      if (moved) return void location.assign(request.responseURL);
      const page = new DOMParser().parseFromString(request.responseText, "text/html");
      document.title = page.title;
      document.querySelector("main").replaceWith(document.adoptNode(page.querySelector("main")));
      document.querySelector("[data-errors]")?.focus();
    });
    request.addEventListener("error", () => {
      bar.remove();
      words.textContent = english
        ? "The network broke off. Nothing was received; send again."
        : "网络中断，文件没有收到，请重新提交。";
    });
    request.send(body);
  });
}
