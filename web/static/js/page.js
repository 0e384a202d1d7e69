// What a page gains where scripts run. Every page works without any of it.
import * as clocks from "./clocks.js";
import * as drafts from "./drafts.js";
import * as errors from "./errors.js";
import * as keys from "./keys.js";
import * as progress from "./progress.js";
import * as uploads from "./uploads.js";

const show = () => {
  for (const part of [errors, clocks, keys, drafts, progress, uploads]) part.start();
};

show();
// An upload shows the server's answer in place of the page; what stands in it starts anew.
document.addEventListener("page:shown", show);
