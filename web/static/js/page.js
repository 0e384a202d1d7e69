// What a page gains where scripts run. Every page works without any of it.
import "./errors.js";
import "./clocks.js";
import "./keys.js";
import "./drafts.js";
import "./progress.js";
import "./uploads.js";
