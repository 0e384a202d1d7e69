// Keys at rest under a passphrase, and a custodian's proof of holding one (tender/keyfiles.py reads the same files).

import { Fields, Refusal, canonical, concat, draw as systemDraw, hex, readCanonical, same, sha256, utf8 } from "./bytes.js";
import { KEY_LENGTH } from "./envelope.js";
import * as p256 from "./p256.js";
import { scrypt } from "./scrypt.js";

const KEY_KINDS = ["custodian-key", "bidder-key"];
const RECOVERY = "recovery";
const LEAST_PASSPHRASE = 10;
const WORK = 2 ** 17;
const NAMES = "ciphertext kdf kind n nonce p public r salt version";
const POSSESSION = "gongbao/possession/1\0";

/** Return the key file of a private key under a passphrase, as bytes. */
export function lockKey(kind, key, passphrase, { draw = systemDraw, work = WORK } = {}) {
  if (!KEY_KINDS.includes(kind)) throw new Refusal("key_file_kind_wrong", { kind });
  return lock(kind, { point: hex(key.point) }, { scalar: hex(key.scalar) }, passphrase, draw, work);
}

/** Return the private key of a key file. */
export async function unlockKey(kind, raw, passphrase) {
  const { open, secret } = await unlock(kind, raw, passphrase);
  const scalar = new Fields(secret, "secret", "scalar").octets("scalar", 32);
  const point = new Fields(open, "public", "point").octets("point", p256.POINT_LENGTH);
  const key = p256.keyOf(scalar);
  if (!same(key.point, point)) throw new Refusal("private_key_wrong");
  return key;
}

/** Return the public key that a key file states, without its passphrase. */
export function publicOf(kind, raw) {
  return new Fields(read(kind, raw).value.public, "public", "point").octets("point", p256.POINT_LENGTH);
}

/** Return the recovery file of a sealed bid: what `seal` gave as `head` and `keys`. */
export function lockRecovery(head, keys, passphrase, { draw = systemDraw, work = WORK } = {}) {
  const { header } = head;
  const open = {
    header_sha256: hex(head.sha256),
    organisation: header.organisation,
    tender: header.tender,
    version: String(header.version),
  };
  const parts = header.parts.map(({ name }) => ({ k1: hex(keys[name].k1), k2: hex(keys[name].k2), name }));
  return lock(RECOVERY, open, { parts }, passphrase, draw, work);
}

/** Return what a recovery file holds: which bid, and the keys of each part. */
export async function unlockRecovery(raw, passphrase) {
  const { open, secret } = await unlock(RECOVERY, raw, passphrase);
  const stated = new Fields(open, "public", "header_sha256 organisation tender version");
  const parts = new Fields(secret, "secret", "parts").members("parts", 1, 2, "k1 k2 name");
  const keys = parts.map((part) => [
    part.text("name"),
    { k1: part.octets("k1", KEY_LENGTH), k2: part.octets("k2", KEY_LENGTH) },
  ]);
  return {
    tender: stated.identity("tender"),
    organisation: stated.identity("organisation"),
    version: stated.number("version", 1, 10 ** 6),
    headerSha256: stated.octets("header_sha256", 32),
    keys: Object.fromEntries(keys),
  };
}

/** Return the answer to the server's challenge that a custodian holds the key. */
export async function answerPossession(key, tender, sealed) {
  const nonce = await p256.hpkeOpen(key, utf8(POSSESSION + tender), sealed);
  if (!nonce) throw new Refusal("challenge_unreadable");
  return sha256(concat(utf8(POSSESSION), nonce));
}

const derive = (passphrase, salt, work) => scrypt(utf8(passphrase.normalize("NFC")), salt, work, 8, 1, 32);

async function lock(kind, open, secret, passphrase, draw, work) {
  if ([...passphrase.normalize("NFC")].length < LEAST_PASSPHRASE) {
    throw new Refusal("passphrase_too_short", { least: LEAST_PASSPHRASE });
  }
  const salt = draw(16);
  const iv = draw(12);
  const plain = {
    kdf: "scrypt",
    kind,
    n: String(work),
    nonce: hex(iv),
    p: "1",
    public: open,
    r: "8",
    salt: hex(salt),
    version: "1",
  };
  const key = await crypto.subtle.importKey("raw", await derive(passphrase, salt, work), "AES-GCM", false, ["encrypt"]);
  const how = { name: "AES-GCM", iv, additionalData: canonical(plain) };
  const closed = new Uint8Array(await crypto.subtle.encrypt(how, key, canonical(secret)));
  return canonical({ ...plain, ciphertext: hex(closed) });
}

function read(kind, raw) {
  if (raw.length > 2 ** 16) throw new Refusal("json_not_canonical");
  const value = readCanonical(raw);
  if (value === null || typeof value !== "object" || Array.isArray(value)) throw new Refusal("json_not_canonical");
  if (Object.hasOwn(value, "kind") && value.kind !== kind) {
    throw new Refusal("key_file_kind_wrong", { kind: String(value.kind).slice(0, 40) });
  }
  const fields = new Fields(value, "file", NAMES);
  fields.text("version", "1");
  fields.text("kdf", "scrypt");
  fields.number("r", 8, 8);
  fields.number("p", 1, 1);
  return fields;
}

async function unlock(kind, raw, passphrase) {
  const fields = read(kind, raw);
  const work = fields.number("n", 2 ** 14, 2 ** 19);
  if (work & (work - 1)) throw fields.wrong("n");
  const salt = fields.octets("salt", 16);
  const iv = fields.octets("nonce", 12);
  const { ciphertext, ...plain } = fields.value;
  const closed = fields.octets("ciphertext", fields.text("ciphertext").length / 2);
  const key = await crypto.subtle.importKey("raw", await derive(passphrase, salt, work), "AES-GCM", false, ["decrypt"]);
  try {
    const how = { name: "AES-GCM", iv, additionalData: canonical(plain) };
    const secret = readCanonical(new Uint8Array(await crypto.subtle.decrypt(how, key, closed)));
    return { open: plain.public, secret };
  } catch (error) {
    if (error instanceof Refusal) throw error;
    throw new Refusal("passphrase_wrong");
  }
}
