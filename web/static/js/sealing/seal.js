// Sealing a bid where the bidder sits (tender/sealing.py makes the same bytes).

import { Refusal, concat, draw, sha256, u32, utf8, xor } from "./bytes.js";
import { plainChunks, prepare } from "./content.js";
import {
  CHUNK,
  KEY_LENGTH,
  NO_K1,
  chunkLengths,
  contextOf,
  headerBytes,
  readHeader,
  shareContextOf,
  signedBytes,
} from "./envelope.js";
import * as p256 from "./p256.js";
import { split } from "./shamir.js";

const NONCE_PREFIX = 7;

/** Where the unpredictable comes from; tests put their own in its place, nothing else does. */
export const RANDOMNESS = { draw, hpkeSeal: (point, info, plain) => p256.hpkeSeal(point, info, plain) };

/** The cipher of one part: AES-256-GCM, each nonce saying which chunk it is and whether the last. */
export async function partCipher(context, keys) {
  const info = concat(utf8("gongbao/content/1\0"), context);
  const material = await crypto.subtle.importKey("raw", xor(keys.k1, keys.k2), "HKDF", false, ["deriveBits"]);
  const how = { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(0), info };
  const derived = new Uint8Array(await crypto.subtle.deriveBits(how, material, 8 * (KEY_LENGTH + NONCE_PREFIX)));
  const raw = derived.slice(0, KEY_LENGTH);
  const key = await crypto.subtle.importKey("raw", raw, "AES-GCM", false, ["encrypt", "decrypt"]);
  const chunkWay = (number, last) => ({
    name: "AES-GCM",
    iv: concat(derived.slice(KEY_LENGTH), u32(number), new Uint8Array([last ? 1 : 0])),
    additionalData: context,
  });
  return {
    seal: async (number, last, plain) => new Uint8Array(await crypto.subtle.encrypt(chunkWay(number, last), key, plain)),
    open: async (number, last, closed) => new Uint8Array(await crypto.subtle.decrypt(chunkWay(number, last), key, closed)),
  };
}

/**
 * Seal one version of a bid. `terms` as `readTerms` gives them; `contents` has { fields, files } for each part, files
 * being File or Blob with a name; `signer` as `keySigner` gives it. Returns the container (a Blob), its head, and the
 * keys that only the bidder may keep. `progress(done, total)` is told of each chunk.
 */
export async function seal({
  terms,
  organisation,
  version,
  contents,
  signer,
  randomness = RANDOMNESS,
  progress = () => {},
}) {
  if (Object.keys(contents).sort().join() !== [...terms.parts].sort().join()) throw new Refusal("parts_wrong");
  const prepared = terms.parts.map((name) => prepare(contents[name]));
  const header = {
    tender: terms.tender,
    organisation,
    version,
    noticeSha256: terms.noticeSha256,
    amendment: terms.amendment,
    lock: terms.lock,
    threshold: terms.threshold,
    custodians: await Promise.all(terms.custodians.map(p256.fingerprint)),
    signer: signer.point,
    parts: [],
  };
  const keys = {};
  for (const [number, name] of terms.parts.entries()) {
    const fresh = await newPart(header, name, prepared[number].size, terms, randomness);
    keys[name] = fresh.keys;
    header.parts.push(fresh.part);
  }
  readHeader(headerBytes(header));
  const total = prepared.reduce((sum, { size }) => sum + Math.ceil(size / CHUNK), 0);
  const tell = ((done) => () => progress((done += 1), total))(0);
  const body = [];
  for (const [number, part] of header.parts.entries()) {
    part.chunksSha256 = await encrypt(contextOf(header, part.name), keys[part.name], prepared[number], body, tell);
  }
  const raw = headerBytes(header);
  const signature = await signer.sign(signedBytes(raw));
  await p256.checkSignature(signer.point, signature, signedBytes(raw));
  const begin = concat(signedBytes(raw), signature);
  const head = { header, raw, signature, sha256: await sha256(raw), length: begin.length };
  return { container: new Blob([begin, ...body]), head, keys };
}

async function newPart(header, name, size, terms, randomness) {
  const k2 = randomness.draw(KEY_LENGTH);
  const k1 = terms.lock === "both" ? randomness.draw(KEY_LENGTH) : NO_K1;
  const values = await split(k2, terms.threshold, terms.custodians.length, randomness.draw);
  const shares = [];
  for (const [number, value] of values.entries()) {
    const share = concat(new Uint8Array([number]), value);
    const info = shareContextOf(header, name, number);
    const sealed = await randomness.hpkeSeal(terms.custodians[number], info, share);
    shares.push({ sealed, shareSha256: await sha256(share) });
  }
  const part = {
    name,
    size,
    chunksSha256: new Uint8Array(32),
    k1Sha256: await sha256(k1),
    k2Sha256: await sha256(k2),
    shares,
  };
  return { keys: { k1, k2 }, part };
}

/** Encrypt a part chunk by chunk into `body`; each chunk becomes a Blob, so that the browser may put it on disk. */
async function encrypt(context, keys, prepared, body, tell) {
  const cipher = await partCipher(context, keys);
  const last = chunkLengths(prepared.size).length - 1;
  const hashes = [];
  let number = 0;
  for await (const plain of plainChunks(prepared)) {
    const closed = await cipher.seal(number, number === last, plain);
    hashes.push(await sha256(closed));
    body.push(new Blob([closed]));
    tell();
    number += 1;
  }
  return sha256(concat(...hashes));
}
