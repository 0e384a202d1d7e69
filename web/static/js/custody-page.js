// A custodian's page: the key is made, unlocked and used here; only its public half, answers and opened shares are sent.
import {
  answerPossession, canonical, hex, lockKey, newKey, openShare, fingerprint, readHead, unhex, unlockKey, wordsOf,
} from "./sealing.js";
import { chosenKey, keep, kept, onGo, reveal, save, tell } from "./keyring.js";

const place = document.querySelector("[data-custody]");
const data = JSON.parse(place.dataset.custody);
const KIND = "custodian-key";
const own = kept(KIND, data.tender);
const step = (name) => place.querySelector(`[data-step="${name}"]`);

const post = (part, name, value) => {
  const form = part.querySelector("form");
  form.elements[name].value = value;
  form.requestSubmit();
};

async function unlocked(part) {
  const file = await chosenKey(part, own);
  const key = await unlockKey(KIND, file, part.querySelector("[data-passphrase]").value);
  if (hex(key.point) !== data.point) {
    throw new Error(tell("这把密钥不是您为本次招标登记的。", "This is not the key that you gave for this tender."));
  }
  keep(KIND, data.tender, file);
  return key;
}

function make(part) {
  let made = null;
  onGo(part, data.words, async (status) => {
    const passphrase = part.querySelector("[data-passphrase]").value;
    if (passphrase !== part.querySelector("[data-passphrase-again]").value) {
      throw new Error(tell("两次输入的口令不同。", "The two passphrases differ."));
    }
    const key = await newKey();
    const file = await lockKey(KIND, key, passphrase);
    keep(KIND, data.tender, file);
    save(file, `${data.number}-custodian-key.json`);
    const [words] = await wordsOf(key.scalar);
    part.querySelector("[data-words]").textContent = words;
    part.querySelector("[data-fingerprint]").textContent = hex(await fingerprint(key.point));
    part.querySelector("[data-made]").hidden = false;
    status.textContent = tell("密钥已生成，文件已下载。", "The key is made and its file saved.");
    made = hex(key.point);
  });
  part.querySelector("[data-send]").addEventListener("click", () => made && post(part, "public_key", made));
}

function prove(part) {
  onGo(part, data.words, async () => {
    const key = await unlocked(part);
    post(part, "answer", hex(await answerPossession(key, data.tender, unhex(data.challenge))));
  });
}

function rehearse(part) {
  onGo(part, data.words, async () => {
    const key = await unlocked(part);
    const head = await readHead(new Blob([unhex(data.rehearsal)]));
    post(part, "share", hex(await openShare(key, head, data.part, { rehearsal: true })));
  });
}

function shares(part) {
  onGo(part, data.words, async (status) => {
    const key = await unlocked(part);
    const opened = [];
    for (const [at, raw] of data.heads.entries()) {
      const head = await readHead(new Blob([unhex(raw)]));
      const share = await openShare(key, head, data.part);
      opened.push({ header_sha256: hex(head.sha256), share: hex(share) });
      status.textContent = tell(`已取出 ${at + 1} / ${data.heads.length} 份`, `Opened ${at + 1} of ${data.heads.length}`);
    }
    const file = { kind: "shares", part: data.part, shares: opened, tender: data.tender, version: "1" };
    post(part, "shares", new TextDecoder().decode(canonical(file)));
  });
}

for (const [name, start] of Object.entries({ make, prove, rehearse, shares })) {
  const part = step(name);
  if (!part) continue;
  reveal(part, own);
  start(part);
}
