// What stands inside a sealed part: the form's fields and the files, in one padded stream (tender/content.py).

import { Fields, Refusal, canonical, readCanonical, u32, utf8 } from "./bytes.js";
import { CHUNK, MOST_SIZE, chunkLengths, paddedSize } from "./envelope.js";

const MOST_MANIFEST = 8 * 2 ** 20;
const MOST_FILES = 200;
const MOST_NAME_BYTES = 200;
const PLAIN_KIND = "application/octet-stream";
const KIND = /^[a-z0-9][a-z0-9.+-]{0,63}\/[a-z0-9][a-z0-9.+-]{0,63}$/;
const NAME_REFUSED = /[\x00-\x1f\x7f-\x9f/\\:*?"<>|\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/;

const isObject = (value) => value !== null && typeof value === "object" && !Array.isArray(value);

function checkEntries(entries) {
  if (entries.length > MOST_FILES) throw new Refusal("too_many_files", { most: MOST_FILES });
  const seen = new Set();
  for (const { name, kind } of entries) {
    const untrimmed = /^[. \u3000]|[. \u3000]$/.test(name);
    if (!name || untrimmed || utf8(name).length > MOST_NAME_BYTES || NAME_REFUSED.test(name)) {
      throw new Refusal("file_name_refused", { name: name.slice(0, 60) });
    }
    if (seen.has(name)) throw new Refusal("file_repeated", { name });
    seen.add(name);
    if (!KIND.test(kind)) throw new Refusal("file_kind_wrong", { name });
  }
}

/** Return a part's content ready to be sealed: the pieces of its stream, and the size it is padded to. */
export function prepare({ fields, files = [] }) {
  const entries = files.map((file) => ({
    kind: KIND.test(file.type) ? file.type : PLAIN_KIND,
    name: file.name,
    size: String(file.size),
  }));
  checkEntries(entries);
  if (!isObject(fields)) throw new Refusal("fields_wrong");
  const manifest = canonical({ fields, files: entries });
  if (manifest.length > MOST_MANIFEST) throw new Refusal("fields_too_long", { most: MOST_MANIFEST });
  const pieces = [new Blob([u32(manifest.length), manifest]), ...files];
  const size = paddedSize(pieces.reduce((sum, piece) => sum + piece.size, 0));
  if (size > MOST_SIZE) throw new Refusal("content_too_long", { most: MOST_SIZE });
  return { pieces, size };
}

/** Yield the padded stream of a part in chunks of 1 MiB. */
export async function* plainChunks({ pieces, size }) {
  let piece = 0;
  let at = 0;
  for (const length of chunkLengths(size)) {
    const chunk = new Uint8Array(length);
    let filled = 0;
    while (filled < length && piece < pieces.length) {
      const wanted = pieces[piece].slice(at, at + length - filled);
      chunk.set(await read(wanted, pieces[piece]), filled);
      filled += wanted.size;
      at += wanted.size;
      if (at === pieces[piece].size) {
        piece += 1;
        at = 0;
      }
    }
    yield chunk;
  }
}

async function read(blob, file) {
  try {
    return new Uint8Array(await blob.arrayBuffer());
  } catch {
    throw new Refusal("file_changed", { name: file.name ?? "" });
  }
}

const wrong = (why) => new Refusal("content_wrong", { why });

/** Takes a part's decrypted chunks one after another; `finish` returns the fields and the files, as Blobs. */
export class ContentReader {
  #size;
  #parts = [];
  #length = 0;

  constructor(size) {
    this.#size = size;
  }

  feed(plain) {
    this.#parts.push(new Blob([plain]));
    this.#length += plain.length;
  }

  async finish() {
    const whole = new Blob(this.#parts);
    const start = new Uint8Array(await whole.slice(0, 4).arrayBuffer());
    const length = new DataView(start.buffer).getUint32(0);
    if (length > MOST_MANIFEST) throw wrong("manifest");
    if (4 + length > this.#length) throw wrong("length");
    const { fields, entries } = readManifest(new Uint8Array(await whole.slice(4, 4 + length).arrayBuffer()));
    let at = 4 + length;
    const files = entries.map(({ name, size, kind }) => {
      const data = whole.slice(at, at + size, kind);
      at += size;
      return { name, size, kind, data };
    });
    if (paddedSize(at) !== this.#size) throw wrong("length");
    for (; at < this.#length; at += CHUNK) {
      const padding = new Uint8Array(await whole.slice(at, at + CHUNK).arrayBuffer());
      if (padding.some((byte) => byte)) throw wrong("padding");
    }
    return { fields, files };
  }
}

function readManifest(raw) {
  try {
    const manifest = new Fields(readCanonical(raw), "manifest", "fields files");
    const entries = manifest.members("files", 0, MOST_FILES, "kind name size").map((item) => ({
      name: item.text("name"),
      size: item.number("size", 0, MOST_SIZE),
      kind: item.text("kind"),
    }));
    checkEntries(entries);
    const { fields } = manifest.value;
    if (!isObject(fields)) throw new Refusal("fields_wrong");
    return { fields, entries };
  } catch (error) {
    if (error instanceof Refusal) throw wrong(error.code);
    throw error;
  }
}
