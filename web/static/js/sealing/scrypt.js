// scrypt (RFC 7914) with WebCrypto's PBKDF2 at both ends; WebCrypto itself has no memory-hard derivation.

/** Return `length` bytes derived from a passphrase with n * r * 128 bytes of memory. */
export async function scrypt(passphrase, salt, n, r, p, length) {
  const blocks = await pbkdf2(passphrase, salt, p * 128 * r);
  for (let lane = 0; lane < p; lane += 1) mixLane(blocks.subarray(lane * 128 * r, (lane + 1) * 128 * r), n, r);
  return pbkdf2(passphrase, blocks, length);
}

async function pbkdf2(passphrase, salt, length) {
  const key = await crypto.subtle.importKey("raw", passphrase, "PBKDF2", false, ["deriveBits"]);
  const how = { name: "PBKDF2", hash: "SHA-256", salt, iterations: 1 };
  return new Uint8Array(await crypto.subtle.deriveBits(how, key, 8 * length));
}

function mixLane(bytes, n, r) {
  const words = 32 * r;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let block = Uint32Array.from({ length: words }, (_, at) => view.getUint32(4 * at, true));
  let other = new Uint32Array(words);
  const kept = new Uint32Array(words * n);
  for (let turn = 0; turn < n; turn += 1) {
    kept.set(block, turn * words);
    mixBlock(block, other, r);
    [block, other] = [other, block];
  }
  for (let turn = 0; turn < n; turn += 1) {
    const start = (block[words - 16] & (n - 1)) * words;
    for (let at = 0; at < words; at += 1) block[at] ^= kept[start + at];
    mixBlock(block, other, r);
    [block, other] = [other, block];
  }
  block.forEach((word, at) => view.setUint32(4 * at, word, true));
}

const turn = (word, by) => (word << by) | (word >>> (32 - by));

/** Write BlockMix of `from` into `to`: even results first, then odd. */
function mixBlock(from, to, r) {
  const x = from.slice(32 * r - 16);
  for (let number = 0; number < 2 * r; number += 1) {
    for (let at = 0; at < 16; at += 1) x[at] ^= from[16 * number + at];
    salsa8(x);
    to.set(x, 16 * ((number >> 1) + (number & 1) * r));
  }
}

/** Salsa20/8 in place, its sixteen words in variables of their own: more than twice as fast as in an array. */
function salsa8(x) {
  let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = x;
  for (let round = 0; round < 4; round += 1) {
    e ^= turn((a + m) | 0, 7);
    i ^= turn((e + a) | 0, 9);
    m ^= turn((i + e) | 0, 13);
    a ^= turn((m + i) | 0, 18);
    j ^= turn((f + b) | 0, 7);
    n ^= turn((j + f) | 0, 9);
    b ^= turn((n + j) | 0, 13);
    f ^= turn((b + n) | 0, 18);
    o ^= turn((k + g) | 0, 7);
    c ^= turn((o + k) | 0, 9);
    g ^= turn((c + o) | 0, 13);
    k ^= turn((g + c) | 0, 18);
    d ^= turn((p + l) | 0, 7);
    h ^= turn((d + p) | 0, 9);
    l ^= turn((h + d) | 0, 13);
    p ^= turn((l + h) | 0, 18);
    b ^= turn((a + d) | 0, 7);
    c ^= turn((b + a) | 0, 9);
    d ^= turn((c + b) | 0, 13);
    a ^= turn((d + c) | 0, 18);
    g ^= turn((f + e) | 0, 7);
    h ^= turn((g + f) | 0, 9);
    e ^= turn((h + g) | 0, 13);
    f ^= turn((e + h) | 0, 18);
    l ^= turn((k + j) | 0, 7);
    i ^= turn((l + k) | 0, 9);
    j ^= turn((i + l) | 0, 13);
    k ^= turn((j + i) | 0, 18);
    m ^= turn((p + o) | 0, 7);
    n ^= turn((m + p) | 0, 9);
    o ^= turn((n + m) | 0, 13);
    p ^= turn((o + n) | 0, 18);
  }
  x[0] += a;
  x[1] += b;
  x[2] += c;
  x[3] += d;
  x[4] += e;
  x[5] += f;
  x[6] += g;
  x[7] += h;
  x[8] += i;
  x[9] += j;
  x[10] += k;
  x[11] += l;
  x[12] += m;
  x[13] += n;
  x[14] += o;
  x[15] += p;
}
