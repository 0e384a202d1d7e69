// What a sealed envelope is made of (docs/envelope.md; tender/envelope.py): its terms, its header, its layout.

import { Fields, Refusal, canonical, concat, hex, readCanonical, sha256, u32, utf8 } from "./bytes.js";
import * as p256 from "./p256.js";
import { MOST_SHARES, checkThreshold } from "./shamir.js";

export const VERSION = "1";
export const SUITE = "INTL-1";
const MAGIC = concat(utf8("GONGBAO"), new Uint8Array([1]));
const PREFIX_LENGTH = 12;
const SIGNATURE_LENGTH = 64;
const MOST_HEADER = 2 ** 18;
const MOST_NUMBER = 10 ** 6;

export const CHUNK = 2 ** 20;
export const TAG = 16;
const LEAST_SIZE = 2 ** 12;
export const MOST_SIZE = 2 ** 32;
export const KEY_LENGTH = 32;
export const SHARE_LENGTH = 33;
const SEALED_SHARE_LENGTH = 65 + SHARE_LENGTH + TAG;
export const NO_K1 = new Uint8Array(KEY_LENGTH);
/** A rehearsal's dummy bid has this in place of the notice's hash; no real bid has. */
export const REHEARSAL_NOTICE = new Uint8Array(32);
const NO_K1_SHA256 = "66687aadf862bd776c8fc18b8e9f8e20089714856ee233b3902a591d0d5f2925";
const PART_NAMES = ["bid", "technical,price"];
const LOCKS = ["custodians", "both"];

/** Return the size that a part is padded to: Padme, at least 4 KiB. */
export function paddedSize(length) {
  if (length <= LEAST_SIZE) return LEAST_SIZE;
  const bits = (value) => BigInt(value).toString(2).length;
  const exponent = bits(length) - 1;
  const step = 2 ** (exponent - bits(exponent));
  return Math.ceil(length / step) * step;
}

/** Return the plain length of each chunk of a padded part. */
export const chunkLengths = (size) =>
  Array.from({ length: Math.ceil(size / CHUNK) }, (_, number) => Math.min(CHUNK, size - number * CHUNK));

/** Return the length of a padded part's ciphertext. */
export const sealedSize = (size) => size + TAG * Math.ceil(size / CHUNK);

function known(value, where, names) {
  if (value && typeof value === "object" && Object.hasOwn(value, "envelope") && Object.hasOwn(value, "suite")) {
    const stated = `${value.suite}/${value.envelope}`;
    if (stated !== `${SUITE}/${VERSION}`) throw new Refusal("suite_unknown", { suite: stated.slice(0, 40) });
  }
  return new Fields(value, where, names);
}

function checkCustodians(threshold, custodians) {
  if (threshold < 2) throw new Refusal("threshold_wrong", { threshold, count: custodians.length });
  checkThreshold(threshold, custodians.length);
  if (new Set(custodians.map(hex)).size !== custodians.length) throw new Refusal("custodian_repeated");
}

function checkPartNames(names) {
  if (!PART_NAMES.includes(names.join(","))) throw new Refusal("parts_wrong");
  return names;
}

/** Return the terms that a tender asks of its envelopes, from their file's bytes. */
export async function readTerms(bytes) {
  const names = "amendment custodians envelope lock notice_sha256 parts suite tender threshold";
  const fields = known(readCanonical(bytes), "terms", names);
  const terms = {
    tender: fields.identity("tender"),
    noticeSha256: fields.octets("notice_sha256", 32),
    amendment: fields.number("amendment", 0, MOST_NUMBER),
    lock: fields.text("lock", ...LOCKS),
    parts: checkPartNames(fields.items("parts", 1, 2)),
    threshold: fields.number("threshold", 0, MOST_SHARES),
    custodians: fields.octetsList("custodians", p256.POINT_LENGTH, 2, MOST_SHARES),
  };
  for (const point of terms.custodians) await p256.checkPoint(point);
  checkCustodians(terms.threshold, terms.custodians);
  return terms;
}

/** Return a header's bytes: what the receipt states the SHA-256 of. */
export const headerBytes = (header) =>
  canonical({
    amendment: String(header.amendment),
    custodians: header.custodians.map(hex),
    envelope: VERSION,
    lock: header.lock,
    notice_sha256: hex(header.noticeSha256),
    organisation: header.organisation,
    parts: header.parts.map((part) => ({
      chunks_sha256: hex(part.chunksSha256),
      k1_sha256: hex(part.k1Sha256),
      k2_sha256: hex(part.k2Sha256),
      name: part.name,
      shares: part.shares.map((share) => ({ sealed: hex(share.sealed), sha256: hex(share.shareSha256) })),
      size: String(part.size),
    })),
    signer: hex(header.signer),
    suite: SUITE,
    tender: header.tender,
    threshold: String(header.threshold),
    version: String(header.version),
  });

const place = (header, part) => ({
  envelope: VERSION,
  organisation: header.organisation,
  part,
  suite: SUITE,
  tender: header.tender,
  version: String(header.version),
});

/** Return the associated data of a part's chunks. */
export const contextOf = (header, part) => canonical(place(header, part));

/** Return the HPKE `info` of a custodian's share of a part. */
export const shareContextOf = (header, part, number) =>
  concat(
    utf8("gongbao/share/1\0"),
    canonical({
      ...place(header, part),
      custodian: hex(header.custodians[number]),
      notice_sha256: hex(header.noticeSha256),
      number: String(number),
    }),
  );

/** Return what the bidder signs: the container's first bytes up to the end of the header. */
export const signedBytes = (header) => concat(MAGIC, u32(header.length), header);

export function partOf(header, name) {
  const part = header.parts.find((one) => one.name === name);
  if (!part) throw new Refusal("part_unknown", { part: name });
  return part;
}

/** Return the header that canonical JSON bytes state. */
export function readHeader(raw) {
  const names =
    "amendment custodians envelope lock notice_sha256 organisation parts signer suite tender threshold version";
  const fields = known(readCanonical(raw), "header", names);
  const custodians = fields.octetsList("custodians", 32, 2, MOST_SHARES);
  const threshold = fields.number("threshold", 0, MOST_SHARES);
  checkCustodians(threshold, custodians);
  const parts = fields
    .members("parts", 1, 2, "chunks_sha256 k1_sha256 k2_sha256 name shares size")
    .map((part) => readPart(part, custodians.length));
  checkPartNames(parts.map((part) => part.name));
  const header = {
    tender: fields.identity("tender"),
    organisation: fields.identity("organisation"),
    version: fields.number("version", 1, MOST_NUMBER),
    noticeSha256: fields.octets("notice_sha256", 32),
    amendment: fields.number("amendment", 0, MOST_NUMBER),
    lock: fields.text("lock", ...LOCKS),
    threshold,
    custodians,
    signer: fields.octets("signer", p256.POINT_LENGTH),
    parts,
  };
  for (const part of parts) {
    if ((hex(part.k1Sha256) === NO_K1_SHA256) !== (header.lock === "custodians")) {
      throw new Refusal("sealing_field_wrong", { field: `header/parts/${part.name}/k1_sha256` });
    }
  }
  return header;
}

function readPart(fields, custodians) {
  const size = fields.number("size", LEAST_SIZE, MOST_SIZE);
  if (paddedSize(size) !== size) throw fields.wrong("size");
  return {
    name: fields.text("name"),
    size,
    chunksSha256: fields.octets("chunks_sha256", 32),
    k1Sha256: fields.octets("k1_sha256", 32),
    k2Sha256: fields.octets("k2_sha256", 32),
    shares: fields.members("shares", custodians, custodians, "sealed sha256").map((share) => ({
      sealed: share.octets("sealed", SEALED_SHARE_LENGTH),
      shareSha256: share.octets("sha256", 32),
    })),
  };
}

/** Return exactly these bytes of a blob; refuse where it ends before. */
export async function slice(blob, start, length, code = "envelope_cut_short") {
  if (start + length > blob.size) throw new Refusal(code);
  return new Uint8Array(await blob.slice(start, start + length).arrayBuffer());
}

/** Return the signed beginning of a container (a Blob): the header, its bytes, its hash, where the parts begin. */
export async function readHead(container) {
  const prefix = await slice(container, 0, PREFIX_LENGTH, "envelope_unrecognised");
  if (!MAGIC.every((byte, at) => byte === prefix[at])) throw new Refusal("envelope_unrecognised");
  const length = new DataView(prefix.buffer).getUint32(8);
  if (length > MOST_HEADER) throw new Refusal("envelope_header_too_long", { most: MOST_HEADER });
  const raw = await slice(container, PREFIX_LENGTH, length);
  const signature = await slice(container, PREFIX_LENGTH + length, SIGNATURE_LENGTH);
  const header = readHeader(raw);
  await p256.checkSignature(header.signer, signature, signedBytes(raw));
  return { header, raw, signature, sha256: await sha256(raw), length: PREFIX_LENGTH + length + SIGNATURE_LENGTH };
}
