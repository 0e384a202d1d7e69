// A long job asks its own address for {value, max, state, href, words} until it is over, ever less often.
// Without a value nobody knows how much there is to do.
export function start() {
  for (const place of document.querySelectorAll("[data-progress]")) {
    if (place.dataset.asking) continue;
    place.dataset.asking = "yes";
    const bar = place.querySelector("progress");
    const text = place.querySelector("[data-progress-words]");
    let wait = 1000;

    const ask = async () => {
      try {
        const answer = await fetch(place.dataset.progress, {
          headers: { Accept: "application/json" }, credentials: "same-origin",
        });
        if (answer.ok) {
          const job = await answer.json();
          if (job.value === null) bar.removeAttribute("value");
          else [bar.max, bar.value] = [job.max, job.value];
          text.textContent = job.words ?? `${job.value.toLocaleString("en")} / ${job.max.toLocaleString("en")}`;
          if (job.state === "succeeded" && job.href) return void location.assign(job.href);
          if (job.state === "succeeded" || job.state === "failed") return void location.reload();
        }
      } catch {
        // The network is away; the next question may find it again.
      }
      wait = Math.min(wait * 1.3, 10000);
      setTimeout(ask, wait);
    };
    setTimeout(ask, wait);
  }
}
