// A bidder's page: the form is filled in, sealed and signed here; only the sealed file is sent.
import {
  fingerprint, hex, keySigner, lockKey, lockRecovery, newKey, readTerms, seal, unlockKey, unlockRecovery,
} from "./sealing.js";
import { bytesOf, chosenKey, english, keep, kept, onGo, reveal, save, tell } from "./keyring.js";

const KIND = "bidder-key";
const utf8 = (text) => new TextEncoder().encode(text);
const size = (count) => (count < 1048576 ? `${(count / 1024).toFixed(1)} KiB` : `${(count / 1048576).toFixed(1)} MiB`);
const random = (count) => hex(crypto.getRandomValues(new Uint8Array(count)));
const fail = (zh, en) => { throw new Error(tell(zh, en)); };

/** Read a decimal as hundredths without ever making it a binary fraction. */
function hundredths(text, most, zh, en) {
  const found = /^(0|[1-9][0-9]{0,8})(?:\.([0-9]{1,2}))?$/.exec(text.trim().replaceAll(",", ""));
  if (!found) fail(`${zh}：请填写数字，最多两位小数。`, `${en}: a number with at most two decimals.`);
  const value = Number(found[1]) * 100 + Number((found[2] ?? "").padEnd(2, "0"));
  if (value > most) fail(`${zh}：超过上限。`, `${en}: above the limit.`);
  return value;
}

function register(part) {
  const data = JSON.parse(part.dataset.register);
  reveal(part, null);
  onGo(part, data.words, async (status) => {
    const passphrase = part.querySelector("[data-passphrase]").value;
    if (passphrase !== part.querySelector("[data-passphrase-again]").value) fail("两次输入的口令不同。", "The two passphrases differ.");
    const key = await newKey();
    const file = await lockKey(KIND, key, passphrase);
    keep(KIND, data.organisation, file);
    save(file, "bidder-key.json");
    const statement = new Uint8Array([...utf8(`gongbao/signing-key/1\0${data.organisation}`), ...key.point]);
    const proof = await keySigner(key).sign(statement);
    status.textContent = tell("密钥文件已下载，正在登记…", "The file is saved; registering…");
    const form = part.querySelector("form");
    form.elements.public_key.value = hex(key.point);
    form.elements.proof.value = hex(proof);
    form.requestSubmit();
  });
}

function bidderKey(part) {
  const data = JSON.parse(part.dataset.bidderKey);
  reveal(part, null);
  part.querySelector("[data-key-file]").closest(".field").querySelector("label").textContent = tell("恢复文件", "Recovery file");
  onGo(part, data.words, async () => {
    const [file] = part.querySelector("[data-key-file]").files;
    if (!file) fail("请选择恢复文件。", "Choose the recovery file.");
    const found = await unlockRecovery(await bytesOf(file), part.querySelector("[data-passphrase]").value);
    if (found.tender !== data.tender) fail("这个恢复文件属于另一个招标。", "This recovery file is of another tender.");
    const form = part.querySelector("form");
    form.elements.key.value = hex(found.keys[data.part][form.elements.kind.value]);
    form.requestSubmit();
  });
}

/** Read the form into the fields of an envelope; whatever is wrong is said at once. */
function fieldsOf(form, data) {
  const value = (name) => form.querySelector(`[data-field="${name}"]`).value;
  const lead = form.querySelector('[data-field="lead"]:checked')?.value;
  const price = hundredths(value("price"), data.ceiling_fen, "报价", "Price");
  const line = hundredths(value("line"), 10000, "认受份额上限", "The largest share");
  const floor = hundredths(value("floor") || "0", 10000, "最低份额", "The least share");
  if (price <= 0) fail("报价须大于零。", "The price is above zero.");
  if (line <= 0 || floor > line) fail("份额上限须大于零，最低份额不得高于上限。", "The largest share is above zero and not below the least.");
  if (!lead) fail("请选择是否愿意担任首席。", "Say whether you are willing to lead.");
  const fields = {
    price_fen: String(price),
    line_bp: String(line),
    floor_bp: String(floor),
    will_lead: lead === "yes",
    nonce: random(16),
  };
  const plan = value("plan").trim();
  return plan ? { ...fields, plan } : fields;
}

const typed = (form) => Object.fromEntries(
  [...form.querySelectorAll("[data-field]")]
    .filter((input) => input.type !== "radio" || input.checked)
    .map((input) => [input.dataset.field, input.value]),
);

function fill(form, values) {
  for (const input of form.querySelectorAll("[data-field]")) {
    const value = values[input.dataset.field];
    if (typeof value !== "string") continue;
    if (input.type === "radio") input.checked = input.value === value;
    else input.value = value;
  }
}

/** Post the sealed file and go to its receipt. */
function submit(part, data, container, say, bar) {
  const body = new FormData();
  body.set("csrf_token", part.querySelector("[data-upload-form] [name=csrf_token]").value);
  body.set("envelope", new File([container], `${data.number}-${data.version}.gbe`));
  return new Promise((done, refuse) => {
    const request = new XMLHttpRequest();
    request.open("POST", data.submit);
    request.setRequestHeader("Accept", "application/json, text/html;q=0.5");
    request.upload.addEventListener("progress", (step) => {
      if (!step.lengthComputable) return;
      bar.max = step.total;
      bar.value = step.loaded;
      say(english ? `Sent ${size(step.loaded)} of ${size(step.total)}` : `已上传 ${size(step.loaded)}，共 ${size(step.total)}`);
    });
    request.addEventListener("load", () => {
      if (request.status < 400) return done(request.responseURL);
      let detail = "";
      try { detail = JSON.parse(request.responseText).detail; } catch { detail = String(request.status); }
      return refuse(new Error(detail));
    });
    request.addEventListener("error", () => refuse(new Error(tell(
      "网络中断，没有收到回执，投标尚未提交。请重试。", "The network broke off: no receipt, so nothing is submitted. Try again.",
    ))));
    request.send(body);
  });
}

function sealing(part) {
  const data = JSON.parse(part.dataset.seal);
  const form = part.querySelector("[data-sealing]");
  const own = kept(KIND, data.organisation);
  reveal(part, own);
  form.addEventListener("submit", (event) => event.preventDefault());
  let dirty = false;
  form.addEventListener("input", () => { dirty = true; });
  window.addEventListener("beforeunload", (event) => { if (dirty) event.preventDefault(); });
  part.querySelector("[data-save-form]").addEventListener("click", () => {
    save(JSON.stringify(typed(form), null, 1), `${data.number}-form.json`);
    dirty = false;
  });
  part.querySelector("[data-load-form]").addEventListener("change", async (event) => {
    const [file] = event.target.files;
    try {
      if (file) fill(form, JSON.parse(await file.text()));
    } catch {
      form.querySelector("[data-status]").textContent = tell("这不是表单文件。", "This is no form file.");
    }
  });
  onGo(form, data.words, async (status) => {
    const say = (text) => { status.textContent = text; };
    const bar = form.querySelector("[data-bar]");
    const fields = fieldsOf(form, data);
    const recovery = form.querySelector("[data-recovery]").value;
    if ([...recovery.normalize("NFC")].length < 10) fail("恢复文件的口令至少 10 个字符。", "The recovery passphrase has at least 10 characters.");
    if (!form.querySelector("[data-sure]").checked) fail("请勾选“现在封存并提交”。", "Tick “Seal and submit now”.");
    const file = await chosenKey(part, own);
    const key = await unlockKey(KIND, file, form.querySelector("[data-passphrase]").value);
    if (!data.signers.includes(hex(key.point))) {
      fail(`这把密钥没有登记（指纹 ${hex(await fingerprint(key.point)).slice(0, 16)}…）。`, "This key is not registered.");
    }
    keep(KIND, data.organisation, file);
    const answer = await fetch(data.terms, { credentials: "same-origin" });
    if (!answer.ok) fail("取不到密封要求，请刷新页面。", "The sealing terms cannot be fetched; reload the page.");
    const terms = await readTerms(new Uint8Array(await answer.arrayBuffer()));
    form.querySelector("[data-progress-part]").hidden = false;
    const files = [...form.querySelector("[data-files]").files];
    const made = await seal({
      terms,
      organisation: data.organisation,
      version: data.version,
      contents: { [data.part]: { fields, files } },
      signer: keySigner(key),
      progress: (done, total) => {
        bar.max = total;
        bar.value = done;
        say(english ? `Sealed ${done} of ${total} parts` : `已加密 ${done} / ${total} 段`);
      },
    });
    say(tell("正在写恢复文件…", "Writing the recovery file…"));
    save(await lockRecovery(made.head, made.keys, recovery), `${data.number}-${data.version}-recovery.json`);
    const receipt = await submit(part, data, made.container, say, bar);
    dirty = false;
    location.assign(receipt);
  });
}

for (const [name, start] of [["register", register], ["bidder-key", bidderKey], ["seal", sealing]]) {
  for (const part of document.querySelectorAll(`[data-${name}]`)) start(part);
}
