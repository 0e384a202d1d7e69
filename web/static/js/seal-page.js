// A bidder's page: the form is filled in, sealed and signed here; only the sealed file is sent.
import {
  fingerprint, hex, keySigner, lockKey, lockRecovery, newKey, readTerms, seal, unlockKey, unlockRecovery,
} from "./sealing.js";
import { clear, show } from "./field-errors.js";
import { bytesOf, chosenKey, english, keep, kept, onGo, reveal, save, sentence, tell } from "./keyring.js";

const KIND = "bidder-key";
const utf8 = (text) => new TextEncoder().encode(text);
const size = (count) => (count < 1048576 ? `${(count / 1024).toFixed(1)} KiB` : `${(count / 1048576).toFixed(1)} MiB`);
const random = (count) => hex(crypto.getRandomValues(new Uint8Array(count)));
const fail = (zh, en) => { throw new Error(tell(zh, en)); };

/** Read a decimal as hundredths without ever making it a binary fraction; a string says what is wrong with it. */
function hundredths(text, most, mostWords) {
  const found = /^(0|[1-9][0-9]{0,8})(?:\.([0-9]{1,2}))?$/.exec(text.trim().replaceAll(",", ""));
  if (!found) return tell("请填写数字，最多两位小数。", "a number with at most two decimals.");
  const value = Number(found[1]) * 100 + Number((found[2] ?? "").padEnd(2, "0"));
  if (value > most) return tell(`不得高于 ${mostWords}。`, `at most ${mostWords}.`);
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

const yuan = (fen) => `${Math.floor(fen / 100).toLocaleString("en")}.${String(fen % 100).padStart(2, "0")}`;

/** Read the form into the fields of an envelope, noting all that is wrong as (field's id, words). */
function fieldsOf(form, data, wrong) {
  const value = (name) => form.querySelector(`[data-field="${name}"]`).value;
  const lead = form.querySelector('[data-field="lead"]:checked')?.value;
  const read = (name, zh, en, text, most, mostWords) => {
    const found = hundredths(text, most, mostWords);
    if (typeof found === "number") return found;
    wrong.push([`s-${name}`, tell(`${zh}：${found}`, `${en}: ${found}`)]);
    return null;
  };
  const price = read("price", "报价", "Price", value("price"), data.ceiling_fen, yuan(data.ceiling_fen));
  const line = read("line", "认受份额上限", "The largest share", value("line"), 10000, "100%");
  const floor = read("floor", "可接受的最低份额", "The least share", value("floor") || "0", 10000, "100%");
  if (price === 0) wrong.push(["s-price", tell("报价：须大于零。", "Price: above zero.")]);
  if (line === 0) wrong.push(["s-line", tell("认受份额上限：须大于零。", "The largest share: above zero.")]);
  else if (line !== null && floor !== null && floor > line) {
    wrong.push(["s-floor", tell("可接受的最低份额：不得高于认受份额上限。", "The least share: not above the largest.")]);
  }
  if (!lead) wrong.push(["s-lead-yes", tell("请选择是否愿意担任首席。", "Say whether you are willing to lead.")]);
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

/** Note what is missing beside the fields of the bid: the key, its passphrase, the new one, the tick. */
function checkRest(form, own, wrong) {
  const isKept = own && form.querySelector("[data-use-kept]").checked;
  if (!isKept && !form.querySelector("[data-key-file]").files.length) {
    wrong.push(["s-key", tell("投标密钥文件：请选择文件。", "Signing key file: choose it.")]);
  }
  if (!form.querySelector("[data-passphrase]").value) {
    wrong.push(["s-pass", tell("密钥口令：请填写。", "Passphrase of the key: type it.")]);
  }
  if ([...form.querySelector("[data-recovery]").value.normalize("NFC")].length < 10) {
    wrong.push(["s-recovery", tell("恢复文件的新口令：至少 10 个字符。", "New passphrase of the recovery file: at least 10 characters.")]);
  }
  if (!form.querySelector("[data-sure]").checked) {
    wrong.push(["s-sure", tell("请勾选“现在封存并提交”。", "Tick “Seal and submit now”.")]);
  }
}

/** The field that a refusal of the key file or of its passphrase is about. */
const FIELD_OF = { passphrase_wrong: "s-pass", key_file_kind_wrong: "s-key", private_key_wrong: "s-key" };

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
    const wrong = [];
    const fields = fieldsOf(form, data, wrong);
    checkRest(form, own, wrong);
    if (wrong.length) {
      status.textContent = "";
      show(form, wrong);
      return;
    }
    clear(form);
    try {
      await sealAndSubmit(status, fields);
    } catch (error) {
      show(form, [[FIELD_OF[error.code] ?? "", sentence(error, data.words)]]);
      throw error;
    }
  });
  async function sealAndSubmit(status, fields) {
    const say = (text) => { status.textContent = text; };
    const bar = form.querySelector("[data-bar]");
    const recovery = form.querySelector("[data-recovery]").value;
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
  }
}

for (const [name, start] of [["register", register], ["bidder-key", bidderKey], ["seal", sealing]]) {
  for (const part of document.querySelectorAll(`[data-${name}]`)) start(part);
}
