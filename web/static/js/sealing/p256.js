// Keys on P-256 by WebCrypto, and HPKE (RFC 9180, base mode) built from its ECDH, HMAC and AES-GCM (tender/p256.py).
// A key is { scalar: 32 bytes, point: 65 bytes }; a custodian's opens what HPKE sealed, a bidder's signs.

import { Refusal, concat, hmac, u16, utf8, sha256 } from "./bytes.js";

export const POINT_LENGTH = 65;
const CURVE = { namedCurve: "P-256" };
const PRIME = 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffffn;
const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
const BASE = [
  0x6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296n,
  0x4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5n,
];

const fromBytes = (bytes) => bytes.reduce((value, byte) => (value << 8n) | BigInt(byte), 0n);
const toBytes = (value) => Uint8Array.from({ length: 32 }, (_, at) => Number((value >> BigInt(8 * (31 - at))) & 255n));
const base64url = (bytes) =>
  btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
const fromBase64url = (text) =>
  Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));

/** Return a fresh key. */
export async function newKey() {
  const pair = await crypto.subtle.generateKey({ name: "ECDH", ...CURVE }, true, ["deriveBits"]);
  const { d } = await crypto.subtle.exportKey("jwk", pair.privateKey);
  const point = new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey));
  return { scalar: fromBase64url(d), point };
}

/** Return the key of a 32-byte scalar, its point worked out here (WebCrypto has no way to ask for it). */
export function keyOf(scalar) {
  const value = fromBytes(scalar);
  if (scalar.length !== 32 || value <= 0n || value >= ORDER) throw new Refusal("private_key_wrong");
  let sum = null;
  let power = BASE;
  for (let rest = value; rest; rest >>= 1n) {
    if (rest & 1n) sum = add(sum, power);
    power = add(power, power);
  }
  return { scalar, point: concat(new Uint8Array([4]), toBytes(sum[0]), toBytes(sum[1])) };
}

const modulo = (value) => ((value % PRIME) + PRIME) % PRIME;

function inverse(value) {
  let [a, b, x, y] = [modulo(value), PRIME, 1n, 0n];
  while (a > 1n) {
    const quotient = b / a;
    [a, b, x, y] = [b % a, a, y - quotient * x, x];
  }
  return modulo(x);
}

function add(left, right) {
  if (!left) return right;
  const [x1, y1] = left;
  const [x2, y2] = right;
  const slope = x1 === x2 ? (3n * x1 * x1 - 3n) * inverse(2n * y1) : (y2 - y1) * inverse(x2 - x1);
  const x3 = modulo(slope * slope - x1 - x2);
  return [x3, modulo(slope * (x1 - x3) - y1)];
}

/** Return the SHA-256 of a public key's point, by which people compare keys. */
export const fingerprint = (point) => sha256(point);

async function usablePrivate(key, algorithm, usages) {
  const jwk = {
    kty: "EC",
    crv: "P-256",
    d: base64url(key.scalar),
    x: base64url(key.point.slice(1, 33)),
    y: base64url(key.point.slice(33)),
  };
  try {
    return await crypto.subtle.importKey("jwk", jwk, { name: algorithm, ...CURVE }, false, usages);
  } catch {
    throw new Refusal("private_key_wrong");
  }
}

async function usablePublic(point, algorithm, usages) {
  try {
    if (point.length !== POINT_LENGTH || point[0] !== 4) throw new Refusal("public_key_wrong");
    return await crypto.subtle.importKey("raw", point, { name: algorithm, ...CURVE }, false, usages);
  } catch {
    throw new Refusal("public_key_wrong");
  }
}

/** Refuse a point that is not on the curve. */
export const checkPoint = (point) => usablePublic(point, "ECDH", []);

const VERSION = utf8("HPKE-v1");
const KEM_ID = concat(utf8("KEM"), u16(0x0010));
const SUITE_ID = concat(utf8("HPKE"), u16(0x0010), u16(0x0001), u16(0x0002));
const EMPTY = new Uint8Array(0);
const NO_SALT = new Uint8Array(32); // HMAC pads an absent key to zeros; WebCrypto takes no empty key

const extract = (salt, suite, label, material) =>
  hmac(salt.length ? salt : NO_SALT, concat(VERSION, suite, utf8(label), material));
const expand = async (key, suite, label, info, length) =>
  (await hmac(key, concat(u16(length), VERSION, suite, utf8(label), info, new Uint8Array([1])))).slice(0, length);

async function hpkeCipher(privateKey, publicPoint, ephemeralPoint, recipientPoint, info, usage) {
  const own = await usablePrivate(privateKey, "ECDH", ["deriveBits"]);
  const other = await usablePublic(publicPoint, "ECDH", []);
  const shared = new Uint8Array(await crypto.subtle.deriveBits({ name: "ECDH", public: other }, own, 256));
  const material = await extract(EMPTY, KEM_ID, "eae_prk", shared);
  const secretOfKem = await expand(material, KEM_ID, "shared_secret", concat(ephemeralPoint, recipientPoint), 32);
  const context = concat(
    new Uint8Array([0]),
    await extract(EMPTY, SUITE_ID, "psk_id_hash", EMPTY),
    await extract(EMPTY, SUITE_ID, "info_hash", info),
  );
  const secret = await extract(secretOfKem, SUITE_ID, "secret", EMPTY);
  const raw = await expand(secret, SUITE_ID, "key", context, 32);
  const iv = await expand(secret, SUITE_ID, "base_nonce", context, 12);
  return [{ name: "AES-GCM", iv }, await crypto.subtle.importKey("raw", raw, "AES-GCM", false, [usage])];
}

/** Return plain bytes sealed to a public point: ephemeral point, ciphertext, tag. `ephemeral` is for tests alone. */
export async function hpkeSeal(point, info, plain, ephemeral = null) {
  const once = ephemeral ?? (await newKey());
  const [cipher, key] = await hpkeCipher(once, point, once.point, point, info, "encrypt");
  return concat(once.point, new Uint8Array(await crypto.subtle.encrypt(cipher, key, plain)));
}

/** Return the plain bytes, or null where they were not sealed to this key under this `info`, or were changed. */
export async function hpkeOpen(key, info, sealed) {
  const point = sealed.slice(0, POINT_LENGTH);
  try {
    const [cipher, opener] = await hpkeCipher(key, point, point, key.point, info, "decrypt");
    return new Uint8Array(await crypto.subtle.decrypt(cipher, opener, sealed.slice(POINT_LENGTH)));
  } catch (error) {
    if (error instanceof Refusal && error.code === "private_key_wrong") throw error;
    return null;
  }
}

const ECDSA = { name: "ECDSA", hash: "SHA-256" };

/** Return the signature of a message: r and s, with the lesser of the two possible s. */
export async function sign(key, message) {
  const usable = await usablePrivate(key, "ECDSA", ["sign"]);
  const signature = new Uint8Array(await crypto.subtle.sign(ECDSA, usable, message));
  const s = fromBytes(signature.slice(32));
  return concat(signature.slice(0, 32), toBytes(s > ORDER / 2n ? ORDER - s : s));
}

/** Refuse what is not this key's signature of this message, with the lesser s. */
export async function checkSignature(point, signature, message) {
  const usable = await usablePublic(point, "ECDSA", ["verify"]);
  const lesser = signature.length === 64 && fromBytes(signature.slice(32)) <= ORDER / 2n;
  if (!lesser || !(await crypto.subtle.verify(ECDSA, usable, signature, message))) throw new Refusal("signature_wrong");
}

/** Return the signer of a bidder's own key. */
export const keySigner = (key) => ({ point: key.point, sign: (message) => sign(key, message) });
