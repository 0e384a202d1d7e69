// A private key as words on paper, by SLIP-0039, one group (tender/slip39.py).

import { Refusal, concat, draw as systemDraw, utf8 } from "./bytes.js";
import { checkThreshold, join, split } from "./shamir.js";
import { WORDS } from "./wordlist.js";

const WIDTHS = [15, 1, 4, 4, 4, 4, 4, 4];
const HEAD_WORDS = 4;
const CHECK_WORDS = 3;
const LEAST_WORDS = 20;
const EXPONENT = 1;
const GENERATOR = [
  0x00e0e040, 0x01c1c080, 0x03838100, 0x07070200, 0x0e0e0009, 0x1c0c2412, 0x38086c24, 0x3090fc48, 0x21b1f890,
  0x03f3f120,
];

const purpose = (extendable) => utf8(extendable ? "shamir_extendable" : "shamir");

function checksum(numbers, extendable) {
  let check = 1;
  for (const number of [...purpose(extendable), ...numbers]) {
    const top = check >>> 20;
    check = ((check & 0xfffff) << 10) ^ number;
    GENERATOR.forEach((generator, bit) => {
      if ((top >>> bit) & 1) check ^= generator;
    });
  }
  return check;
}

const inWords = (value, count) =>
  Array.from({ length: count }, (_, at) => Number((value >> BigInt(10 * (count - 1 - at))) & 1023n));
const fromWords = (numbers) => numbers.reduce((value, number) => (value << 10n) | BigInt(number), 0n);
const toBigInt = (bytes) => bytes.reduce((value, byte) => (value << 8n) | BigInt(byte), 0n);

async function cipher(value, passphrase, { identifier, extendable, exponent }, rounds) {
  const half = value.length / 2;
  let [left, right] = [value.slice(0, half), value.slice(half)];
  const salt = extendable ? new Uint8Array(0) : concat(utf8("shamir"), new Uint8Array([identifier >> 8, identifier & 255]));
  for (const turn of rounds) {
    const secret = concat(new Uint8Array([turn]), utf8(passphrase));
    const material = await crypto.subtle.importKey("raw", secret, "PBKDF2", false, ["deriveBits"]);
    const iterations = (10000 * 2 ** exponent) / 4;
    const how = { name: "PBKDF2", hash: "SHA-256", salt: concat(salt, right), iterations };
    const key = new Uint8Array(await crypto.subtle.deriveBits(how, material, 8 * half));
    [left, right] = [right, left.map((byte, at) => byte ^ key[at])];
  }
  return concat(right, left);
}

function checkPassphrase(passphrase) {
  if (!/^[ -~]*$/.test(passphrase)) throw new Refusal("words_passphrase_not_ascii");
}

function write(identifier, member, threshold, value) {
  const parts = [identifier, 1, EXPONENT, 0, 0, 0, member, threshold - 1];
  const head = parts.reduce((all, part, at) => (all << BigInt(WIDTHS[at])) | BigInt(part), 0n);
  const numbers = [...inWords(head, HEAD_WORDS), ...inWords(toBigInt(value), Math.ceil((value.length * 8) / 10))];
  const check = checksum([...numbers, 0, 0, 0], 1) ^ 1;
  return [...numbers, ...inWords(BigInt(check), CHECK_WORDS)].map((number) => WORDS[number]).join(" ");
}

/** Return `count` sheets of words, of which `threshold` restore the secret. */
export async function wordsOf(secret, { threshold = 1, count = 1, passphrase = "", draw = systemDraw } = {}) {
  checkPassphrase(passphrase);
  checkThreshold(threshold, count);
  if (secret.length < 16 || secret.length % 2) throw new Refusal("secret_length_wrong", { length: secret.length });
  const [high, low] = draw(2);
  const identifier = ((high << 8) | low) >> 1;
  const locked = await cipher(secret, passphrase, { identifier, extendable: 1, exponent: EXPONENT }, [0, 1, 2, 3]);
  const values = await split(locked, threshold, count, draw);
  return values.map((value, member) => write(identifier, member, threshold, value));
}

function numberOf(word, place) {
  const exact = WORDS.indexOf(word);
  if (exact >= 0) return exact;
  const found = WORDS.findIndex((known) => word.length >= 4 && known.startsWith(word));
  if (found < 0) throw new Refusal("words_unknown", { place, word: word.slice(0, 20) });
  return found;
}

function readSheet(text) {
  const numbers = text
    .toLowerCase()
    .split(/\s+/)
    .filter(Boolean)
    .map((word, at) => numberOf(word, at + 1));
  const padding = (10 * (numbers.length - HEAD_WORDS - CHECK_WORDS)) % 16;
  if (numbers.length < LEAST_WORDS || padding > 8) throw new Refusal("words_count_wrong", { count: numbers.length });
  let head = fromWords(numbers.slice(0, HEAD_WORDS));
  const parts = WIDTHS.toReversed().map((width) => {
    const part = Number(head & ((1n << BigInt(width)) - 1n));
    head >>= BigInt(width);
    return part;
  });
  const [threshold, member, groupCount, groupThreshold, , exponent, extendable, identifier] = parts;
  if (checksum(numbers, extendable) !== 1) throw new Refusal("words_checksum_wrong");
  const words = numbers.slice(HEAD_WORDS, -CHECK_WORDS);
  const length = (10 * words.length - padding) / 8;
  const whole = fromWords(words);
  if (groupCount || groupThreshold || whole >> BigInt(8 * length)) throw new Refusal("words_malformed");
  const value = Uint8Array.from({ length }, (_, at) => Number((whole >> BigInt(8 * (length - 1 - at))) & 255n));
  return { identifier, extendable, exponent, member, threshold: threshold + 1, value };
}

/** Return the secret that the sheets restore; exactly as many as are needed must be given. */
export async function secretOf(sheets, passphrase = "") {
  checkPassphrase(passphrase);
  const read = sheets.map(readSheet);
  if (!read.length) throw new Refusal("words_none");
  const [first] = read;
  const like = ({ identifier, extendable, exponent, threshold, value }) =>
    [identifier, extendable, exponent, threshold, value.length].join();
  if (read.some((sheet) => like(sheet) !== like(first))) throw new Refusal("words_do_not_belong_together");
  const values = new Map(read.map(({ member, value }) => [member, value]));
  if (values.size !== read.length) throw new Refusal("words_repeated");
  return cipher(await join(values, first.threshold), passphrase, first, [3, 2, 1, 0]);
}
