// Bytes, hexadecimal, hashes, and canonical JSON: sorted keys, no spaces, UTF-8, no numbers (see docs/envelope.md).

const MOST_LEVELS = 16;
const encoder = new TextEncoder();

/** A rule said no: `code` has its words in the server's catalogue, `facts` fill them in. */
export class Refusal extends Error {
  constructor(code, facts = {}) {
    super(`${code}(${JSON.stringify(facts)})`);
    this.name = "Refusal";
    this.code = code;
    this.facts = facts;
  }
}

/** The operating system's randomness; `draw(n)` gives n bytes. */
export const draw = (length) => crypto.getRandomValues(new Uint8Array(length));

export const utf8 = (text) => encoder.encode(text);

export function concat(...pieces) {
  const whole = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

export const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

/** Return the bytes of lower-case hexadecimal, or null for anything else. */
export function unhex(text) {
  if (typeof text !== "string" || !/^([0-9a-f]{2})*$/.test(text)) return null;
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

export const same = (left, right) => left.length === right.length && left.every((byte, at) => byte === right[at]);

export const xor = (left, right) => left.map((byte, at) => byte ^ right[at]);

export const sha256 = async (bytes) => new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));

export async function hmac(key, message) {
  const usable = await crypto.subtle.importKey("raw", key, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  return new Uint8Array(await crypto.subtle.sign("HMAC", usable, message));
}

/** Four or two bytes, the most significant first. */
export const u32 = (value) => new Uint8Array([value >>> 24, value >>> 16, value >>> 8, value]);
export const u16 = (value) => new Uint8Array([value >>> 8, value]);

/** Return a value as canonical JSON text. */
export function canonicalText(value, where = "", level = 0) {
  if (level > MOST_LEVELS) throw new Refusal("json_too_deep", { most: MOST_LEVELS });
  if (value === null || value === true || value === false) return String(value);
  if (typeof value === "string") return unicode(value, where);
  if (typeof value === "number" || typeof value === "bigint") throw new Refusal("json_number", { where: where || "/" });
  if (Array.isArray(value)) {
    return `[${value.map((item, at) => canonicalText(item, `${where}/${at}`, level + 1)).join(",")}]`;
  }
  if (typeof value === "object") {
    const members = Object.keys(value)
      .sort(byCodePoint)
      .map((key) => `${unicode(key, where)}:${canonicalText(value[key], `${where}/${key}`, level + 1)}`);
    return `{${members.join(",")}}`;
  }
  throw new Refusal("json_not_text", { where: where || "/" });
}

/** Return a value as canonical JSON bytes. */
export const canonical = (value) => utf8(canonicalText(value));

/** Return what canonical JSON bytes say; refuse any other spelling. */
export function readCanonical(bytes) {
  let text, value;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    value = JSON.parse(text);
  } catch {
    throw new Refusal("json_not_canonical");
  }
  if (canonicalText(value) !== text) throw new Refusal("json_not_canonical");
  return value;
}

function unicode(text, where) {
  if (/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/.test(text)) {
    throw new Refusal("json_not_text", { where: where || "/" });
  }
  return JSON.stringify(text);
}

function byCodePoint(left, right) {
  const a = Array.from(left, (letter) => letter.codePointAt(0));
  const b = Array.from(right, (letter) => letter.codePointAt(0));
  for (let at = 0; at < Math.min(a.length, b.length); at += 1) {
    if (a[at] !== b[at]) return a[at] - b[at];
  }
  return a.length - b.length;
}

/** An object read member by member; what is missing, unknown or malformed is named. */
export class Fields {
  constructor(value, where, names) {
    this.where = where;
    const wanted = names.split(" ");
    if (value === null || typeof value !== "object" || Array.isArray(value)) {
      throw new Refusal("sealing_field_wrong", { field: where });
    }
    this.value = value;
    for (const name of wanted) {
      if (!Object.hasOwn(value, name)) throw new Refusal("sealing_field_missing", { field: `${where}/${name}` });
    }
    for (const name of Object.keys(value)) {
      if (!wanted.includes(name)) throw new Refusal("sealing_field_unknown", { field: `${where}/${name.slice(0, 40)}` });
    }
  }

  wrong(name) {
    return new Refusal("sealing_field_wrong", { field: `${this.where}/${name}` });
  }

  text(name, ...oneOf) {
    const value = this.value[name];
    if (typeof value !== "string" || (oneOf.length && !oneOf.includes(value))) throw this.wrong(name);
    return value;
  }

  number(name, least, most) {
    const text = this.text(name);
    if (!/^(0|[1-9][0-9]{0,14})$/.test(text) || Number(text) < least || Number(text) > most) throw this.wrong(name);
    return Number(text);
  }

  octets(name, length) {
    return this.#octets(this.value[name], name, length);
  }

  octetsList(name, length, least, most) {
    return this.items(name, least, most).map((item) => this.#octets(item, name, length));
  }

  #octets(value, name, length) {
    const bytes = unhex(value);
    if (!bytes || bytes.length !== length) throw this.wrong(name);
    return bytes;
  }

  identity(name) {
    const text = this.text(name);
    if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text)) throw this.wrong(name);
    return text;
  }

  items(name, least, most) {
    const value = this.value[name];
    if (!Array.isArray(value) || value.length < least || value.length > most) throw this.wrong(name);
    return value;
  }

  members(name, least, most, names) {
    return this.items(name, least, most).map((item, at) => new Fields(item, `${this.where}/${name}/${at}`, names));
  }
}
