// A secret split among n custodians so that any t restore it: GF(256), laid out as SLIP-0039 (tender/shamir.py).

import { Refusal, concat, hmac, same } from "./bytes.js";

export const SECRET_AT = 255;
const DIGEST_AT = 254;
const DIGEST_LENGTH = 4;
export const MOST_SHARES = 16;

const EXP = new Uint8Array(255);
const LOG = new Uint8Array(256);
for (let exponent = 0, power = 1; exponent < 255; exponent += 1) {
  EXP[exponent] = power;
  LOG[power] = exponent;
  power ^= power << 1;
  if (power & 0x100) power ^= 0x11b;
}

const times = (left, right) => (left && right ? EXP[(LOG[left] + LOG[right]) % 255] : 0);

/** Return the bytes that the polynomials through `points` (Map place -> bytes) take at a place. */
export function valueAt(points, at) {
  if (points.has(at)) return points.get(at);
  const result = new Uint8Array(points.values().next().value.length);
  for (const [place, value] of points) {
    let weight = 1;
    for (const other of points.keys()) {
      if (other !== place) weight = times(weight, EXP[(LOG[at ^ other] - LOG[place ^ other] + 255) % 255]);
    }
    value.forEach((byte, index) => {
      result[index] ^= times(weight, byte);
    });
  }
  return result;
}

export function checkThreshold(threshold, count) {
  const possible = threshold >= 1 && threshold <= count && count <= MOST_SHARES;
  if (!possible || (threshold === 1 && count > 1)) throw new Refusal("threshold_wrong", { threshold, count });
}

const digest = async (secret, random) => (await hmac(random, secret)).slice(0, DIGEST_LENGTH);

/** Return `count` shares of a secret, of which any `threshold` restore it. */
export async function split(secret, threshold, count, draw) {
  checkThreshold(threshold, count);
  if (secret.length < 16 || secret.length % 2) throw new Refusal("secret_length_wrong", { length: secret.length });
  if (threshold === 1) return [secret];
  const points = new Map();
  for (let place = 0; place < threshold - 2; place += 1) points.set(place, draw(secret.length));
  const random = draw(secret.length - DIGEST_LENGTH);
  points.set(DIGEST_AT, concat(await digest(secret, random), random));
  points.set(SECRET_AT, secret);
  return Array.from({ length: count }, (_, place) => valueAt(points, place));
}

/** Return the secret that exactly `threshold` shares (Map place -> value) restore. */
export async function join(shares, threshold) {
  if (shares.size < threshold) throw new Refusal("shares_too_few", { have: shares.size, need: threshold });
  if (shares.size > threshold) throw new Refusal("shares_too_many", { have: shares.size, need: threshold });
  const values = [...shares.values()];
  if (new Set(values.map((value) => value.length)).size !== 1) throw new Refusal("shares_differ_in_length");
  if (threshold === 1) return values[0];
  const secret = valueAt(shares, SECRET_AT);
  const check = valueAt(shares, DIGEST_AT);
  if (!same(check.slice(0, DIGEST_LENGTH), await digest(secret, check.slice(DIGEST_LENGTH)))) {
    throw new Refusal("shares_do_not_fit");
  }
  return secret;
}
