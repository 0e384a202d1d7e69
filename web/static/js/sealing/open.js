// What a sealed envelope shows to one without keys, and how those who have them open it (tender/unsealing.py).

import { Refusal, concat, hex, same, sha256 } from "./bytes.js";
import { ContentReader } from "./content.js";
import {
  NO_K1,
  REHEARSAL_NOTICE,
  SHARE_LENGTH,
  TAG,
  chunkLengths,
  contextOf,
  partOf,
  readHead,
  sealedSize,
  shareContextOf,
  slice,
} from "./envelope.js";
import * as p256 from "./p256.js";
import { partCipher } from "./seal.js";
import { SECRET_AT, valueAt } from "./shamir.js";

/**
 * Return a custodian's share of a part's K2, opened with the custodian's key and checked; `head` as `readHead` gives.
 * With `rehearsal` only a dummy bid's share is opened, so that a rehearsal cannot be used to read a real bid early.
 */
export async function openShare(key, head, part, { rehearsal = false } = {}) {
  if (rehearsal && !same(head.header.noticeSha256, REHEARSAL_NOTICE)) throw new Refusal("not_a_rehearsal");
  const own = hex(await p256.fingerprint(key.point));
  const number = head.header.custodians.findIndex((fingerprint) => hex(fingerprint) === own);
  if (number < 0) throw new Refusal("custodian_unknown");
  const { sealed } = partOf(head.header, part).shares[number];
  const share = await p256.hpkeOpen(key, shareContextOf(head.header, part, number), sealed);
  if (!share) throw new Refusal("share_unreadable", { custodian: number + 1 });
  if ((await checkShare(head, part, share)) !== number) throw new Refusal("share_wrong", { custodian: number + 1 });
  return share;
}

/** Return whose share this is (0 for the first custodian), checked against its commitment. */
export async function checkShare(head, part, share) {
  const { shares } = partOf(head.header, part);
  if (share.length !== SHARE_LENGTH || share[0] >= shares.length) throw new Refusal("share_foreign");
  const number = share[0];
  if (!same(await sha256(share), shares[number].shareSha256)) throw new Refusal("share_wrong", { custodian: number + 1 });
  return number;
}

/** Return a part's K2 from any `threshold` of its shares; more may be given, every one is checked. */
export async function joinShares(head, part, shares) {
  const values = new Map();
  for (const share of shares) {
    const number = await checkShare(head, part, share);
    if (values.has(number)) throw new Refusal("share_repeated", { custodian: number + 1 });
    values.set(number, share.slice(1));
  }
  const need = head.header.threshold;
  if (values.size < need) throw new Refusal("shares_too_few", { have: values.size, need });
  const first = [...values].sort(([left], [right]) => left - right).slice(0, need);
  const k2 = valueAt(new Map(first), SECRET_AT);
  await checkCustodianKey(head, part, k2);
  return k2;
}

/** Refuse a K2 that is not the one committed to. */
export async function checkCustodianKey(head, part, k2) {
  if (!same(await sha256(k2), partOf(head.header, part).k2Sha256)) throw new Refusal("custodian_key_wrong", { part });
}

/** Refuse a K1 that is not the one committed to. */
export async function checkBidderKey(head, part, k1) {
  if (!same(await sha256(k1), partOf(head.header, part).k1Sha256)) throw new Refusal("bidder_key_wrong", { part });
}

/**
 * Return what one part of a bid says: { fields, files: [{ name, size, kind, data: Blob }] }. `container` is a Blob;
 * needs `shares` or `k2`, and `k1` where the tender has the bidder's lock. `headerSha256` is what the receipt states.
 */
export async function openEnvelope(container, part, { shares = [], k2 = null, k1 = null, headerSha256 = null } = {}) {
  const head = await readHead(container);
  if (headerSha256 && !same(head.sha256, headerSha256)) throw new Refusal("receipt_differs");
  const keys = await keysOf(head, part, shares, k2, k1);
  const stated = partOf(head.header, part);
  const before = head.header.parts.slice(0, head.header.parts.indexOf(stated));
  const start = before.reduce((sum, { size }) => sum + sealedSize(size), head.length);
  await checkCiphertext(container, start, stated);
  const cipher = await partCipher(contextOf(head.header, part), keys);
  const reader = new ContentReader(stated.size);
  for await (const [number, last, closed] of sealedChunks(container, start, stated)) {
    try {
      reader.feed(await cipher.open(number, last, closed));
    } catch {
      throw new Refusal("content_unreadable", { part, chunk: number + 1 });
    }
  }
  return reader.finish();
}

async function keysOf(head, part, shares, k2, k1) {
  const custodians = k2 ?? (await joinShares(head, part, shares));
  await checkCustodianKey(head, part, custodians);
  if (!k1 && head.header.lock === "both") throw new Refusal("bidder_key_missing", { part });
  await checkBidderKey(head, part, k1 ?? NO_K1);
  return { k1: k1 ?? NO_K1, k2: custodians };
}

async function* sealedChunks(container, start, part) {
  let at = start;
  const lengths = chunkLengths(part.size);
  for (const [number, length] of lengths.entries()) {
    yield [number, number === lengths.length - 1, await slice(container, at, length + TAG)];
    at += length + TAG;
  }
}

async function checkCiphertext(container, start, part) {
  const hashes = [];
  for await (const [, , closed] of sealedChunks(container, start, part)) hashes.push(await sha256(closed));
  if (!same(await sha256(concat(...hashes)), part.chunksSha256)) {
    throw new Refusal("ciphertext_changed", { part: part.name });
  }
}

/** Return the head of a whole container after checking every hash and that nothing follows; needs no key. */
export async function checkContainer(container) {
  const head = await readHead(container);
  let at = head.length;
  for (const part of head.header.parts) {
    await checkCiphertext(container, at, part);
    at += sealedSize(part.size);
  }
  if (at !== container.size) throw new Refusal("envelope_goes_on");
  return head;
}
