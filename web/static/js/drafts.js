// Forms marked data-draft: a warning before leaving with something unsaved and, where data-draft names an address,
// a save of its own a moment after the typing stops. Files are never sent this way.
const english = document.documentElement.lang === "en";

export function start() {
  for (const form of document.querySelectorAll("form[data-draft]:not([data-watched-draft])")) {
    form.dataset.watchedDraft = "yes";
    let leaving = false;
    let timer = 0;
    const status = form.querySelector("[data-draft-status]");

    const words = () => new URLSearchParams([...new FormData(form)].filter(([, value]) => typeof value === "string"));
    let saved = words().toString();
    const say = (zh, en) => { if (status) status.textContent = english ? en : zh; };

    const save = async () => {
      const body = words();
      try {
        const answer = await fetch(form.dataset.draft, { method: "POST", body, credentials: "same-origin" });
        if (!answer.ok) throw new Error(String(answer.status));
        saved = body.toString();
        say("草稿已保存", "Draft saved");
      } catch {
        say("草稿还没有保存，网络恢复后会再试", "Draft not saved yet; it will be tried again");
        timer = setTimeout(save, 15000);
      }
    };

    form.addEventListener("input", () => {
      clearTimeout(timer);
      if (form.dataset.draft) timer = setTimeout(save, 1500);
      else say("有未保存的内容", "Not saved yet");
    });
    form.addEventListener("submit", () => { leaving = true; });
    window.addEventListener("beforeunload", (event) => {
      if (form.isConnected && !leaving && words().toString() !== saved) event.preventDefault();
    });
  }
}
