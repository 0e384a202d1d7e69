// The server's clock at the top and every time left, kept right between page loads.
// The reader's own clock only measures how long the page has been open; it is never asked what time it is.
const stated = Date.parse(document.body.dataset.now ?? "");
const opened = performance.now();
const now = () => stated + (performance.now() - opened);
const english = document.documentElement.lang === "en";
const city = new Intl.DateTimeFormat("sv-SE", {
  timeZone: "Asia/Shanghai", dateStyle: "short", timeStyle: "short",
});

const span = (minutes) => {
  const days = Math.floor(minutes / 1440);
  const hours = Math.floor((minutes % 1440) / 60);
  const rest = minutes % 60;
  const unit = english ? [" d", " h", " min"] : [" 天", " 小时", days || hours ? " 分" : " 分钟"];
  if (days) return days + unit[0] + (hours ? ` ${hours}${unit[1]}` : "");
  if (hours) return hours + unit[1] + (rest ? ` ${rest}${unit[2]}` : "");
  return rest + unit[2];
};

const words = (seconds) => {
  if (seconds >= 60) {
    const left = span(Math.floor(seconds / 60));
    return english ? `${left} left` : `还剩 ${left}`;
  }
  if (seconds > 0) return english ? "under a minute left" : "还剩不到 1 分钟";
  if (seconds > -60) return english ? "just passed" : "刚刚到时";
  const over = span(Math.floor(-seconds / 60));
  return english ? `${over} over` : `已过 ${over}`;
};

const tell = () => {
  for (const clock of document.querySelectorAll("[data-clock]")) {
    clock.textContent = city.format(now());
    clock.dateTime = new Date(now()).toISOString();
  }
  for (const clock of document.querySelectorAll("[data-due]")) {
    const place = clock.querySelector("[data-left]");
    if (!place) continue;
    const seconds = Math.trunc((Date.parse(clock.dataset.due) - now()) / 1000);
    const text = words(seconds);
    if (place.textContent !== text) place.textContent = text;
    place.classList.toggle("tone-stop", seconds <= 0);
    place.classList.toggle("tone-wait", seconds > 0 && seconds < 3600);
  }
};

const again = () => {
  tell();
  setTimeout(again, 1000 - (now() % 1000));
};

let begun = false;

export function start() {
  if (begun || Number.isNaN(stated)) return;
  begun = true;
  again();
  document.addEventListener("visibilitychange", tell);
}
