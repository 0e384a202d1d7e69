// A form with files shows how much has gone, and what each file's SHA-256 is. The server answers as it would without.
const english = document.documentElement.lang === "en";
const hex = (buffer) => [...new Uint8Array(buffer)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
const size = (count) => (count < 1048576 ? `${(count / 1024).toFixed(1)} KiB` : `${(count / 1048576).toFixed(1)} MiB`);

export function start() {
  for (const input of document.querySelectorAll("input[type=file][data-upload]:not([data-listed])")) {
    input.dataset.listed = "yes";
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
    // A form that seals its files (data-sealing) sends nothing but what its own module makes.
    if (!form || form.dataset.sends || "sealing" in form.dataset) continue;
    form.dataset.sends = "yes";
    form.addEventListener("submit", (event) => {
      const chosen = [...form.querySelectorAll("input[type=file]")].some((one) => one.files.length);
      if (!chosen || event.defaultPrevented) return;
      event.preventDefault();
      const bar = document.createElement("progress");
      const words = document.createElement("p");
      words.className = "soft";
      words.setAttribute("role", "status");
      form.append(bar, words);
      const body = new FormData(form, event.submitter);
      const request = new XMLHttpRequest();
      request.open("POST", form.action || location.href);
      request.setRequestHeader("Accept", "text/html");
      request.upload.addEventListener("progress", (step) => {
        if (!step.lengthComputable) return;
        bar.max = step.total;
        bar.value = step.loaded;
        words.textContent = english
          ? `Sent ${size(step.loaded)} of ${size(step.total)}`
          : `已上传 ${size(step.loaded)}，共 ${size(step.total)}`;
      });
      request.addEventListener("load", () => {
        // The answer is a page, perhaps after a redirect; shown as it came, so that its notices are not lost.
        const page = new DOMParser().parseFromString(request.responseText, "text/html");
        document.title = page.title;
        document.body.replaceChildren(...document.adoptNode(page.body).childNodes);
        if (request.responseURL) history.pushState(null, "", request.responseURL);
        window.scrollTo(0, 0);
        document.dispatchEvent(new Event("page:shown"));
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
}
