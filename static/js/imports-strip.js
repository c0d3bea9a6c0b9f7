// Runs beside the page: copies files without what is personal in them, before anything is sent.
// The rules come from the server (audiospective/imports/personal.py), which has the same for
// browsers without script. Whatever is not understood fails, and the server does it instead.
"use strict";

const BLOCK = 1 << 20;
const LONGEST = 1 << 16; // characters of one personal value
const HEAD = 1 << 16; // bytes by which a file is judged
const MAGIC = 16; // bytes that stay of a file without plays: enough to say what it was
const QUOTED_LINES = 20; // over which one quoted field of a table may go
const MOST_WORKBOOK = 64 << 20; // bytes; a workbook is held in memory
const SAME_TIME = new Date(1980, 0, 1); // the same files make the same bytes, so sending can go on

let rules, done, total;

onmessage = async ({ data }) => {
  try {
    importScripts(data.fflate);
    rules = data.rules;
    rules.fieldPattern = new RegExp(rules.fields, "g");
    rules.cellPattern = new RegExp(rules.cells, "g");
    rules.nothingPattern = new RegExp(`^(?:${rules.nothing})$`, "i");
    done = 0;
    total = data.files.reduce((sum, file) => sum + file.size, 0);
    const blobs = [];
    for (const file of data.files) blobs.push(await stripped(file));
    postMessage({ blobs });
  } catch (error) {
    postMessage({ failed: String(error) });
  }
};

// Collects what comes out; parts go into blobs, which browsers keep on the disk when they are large.
function collector() {
  const blobs = [];
  let parts = [];
  let held = 0;
  const spill = () => {
    blobs.push(new Blob(parts));
    parts = [];
    held = 0;
  };
  return {
    take(bytes) {
      if (!bytes.length) return;
      parts.push(bytes.slice());
      held += bytes.length;
      if (held > 8 * BLOCK) spill();
    },
    blob() {
      spill();
      return new Blob(blobs);
    },
  };
}

async function stripped(file) {
  const head = new Uint8Array(await file.slice(0, HEAD).arrayBuffer());
  const out = collector();
  if (!isZip(head)) {
    const filter = chosen(file.name, head, file.size <= HEAD, (bytes) => out.take(bytes));
    await blocks(file, filter);
    return out.blob();
  }
  const names = await listed(file);
  if (names.includes("xl/workbook.xml")) {
    out.take(workbook(new Uint8Array(await file.arrayBuffer())));
    count(file.size);
    return out.blob();
  }
  // A bundle of Audiospective is taken back only as it is; it holds nothing of that kind.
  if (["SHA256SUMS", "restore/state.json"].every((one) => names.some((name) => name.endsWith(`/${one}`)))) {
    count(file.size);
    return file;
  }
  const packed = new fflate.Zip((error, bytes) => {
    if (error) throw error;
    out.take(bytes);
  });
  const opened = unpacker("", packed);
  await blocks(file, (bytes, last) => opened.push(bytes, last));
  if (opened.begun !== opened.ended || opened.begun !== names.length) throw new Error("damaged");
  packed.end();
  return out.blob();
}

async function blocks(file, push) {
  for (let at = 0; at < file.size || at === 0; at += BLOCK) {
    const bytes = new Uint8Array(await file.slice(at, at + BLOCK).arrayBuffer());
    push(bytes, at + BLOCK >= file.size);
    count(bytes.length);
    if (!file.size) break;
  }
}

function count(bytes) {
  done += bytes;
  postMessage({ done, total });
}

const isZip = (head) => head[0] === 0x50 && head[1] === 0x4b && [3, 5, 7].includes(head[2]);

// The names in a zip's own list; a file that was cut off has none.
async function listed(file) {
  const start = Math.max(file.size - 65_557, 0);
  const tail = new DataView(await file.slice(start).arrayBuffer());
  let at = tail.byteLength - 22;
  while (at >= 0 && tail.getUint32(at, true) !== 0x06054b50) at -= 1;
  if (at < 0) throw new Error("cut off");
  const count = tail.getUint16(at + 10, true);
  const from = tail.getUint32(at + 16, true);
  if (count === 0xffff || from === 0xffffffff) throw new Error("too large a zip");
  const list = new DataView(await file.slice(from, start + at).arrayBuffer());
  const names = [];
  for (let place = 0; names.length < count; ) {
    if (list.getUint32(place, true) !== 0x02014b50) throw new Error("damaged");
    if (list.getUint16(place + 8, true) & 1) throw new Error("locked");
    const length = list.getUint16(place + 28, true);
    names.push(new TextDecoder().decode(new Uint8Array(list.buffer, place + 46, length)));
    place += 46 + length + list.getUint16(place + 30, true) + list.getUint16(place + 32, true);
  }
  return names;
}

// Reads a zip and writes its files, and those of zips in it, into another one.
function unpacker(prefix, packed) {
  const state = { begun: 0, ended: 0 };
  const unzip = new fflate.Unzip((entry) => {
    state.begun += 1;
    if (entry.name.endsWith("/") || /(^|\/)(__MACOSX\/|\._|\.DS_Store$)/i.test(entry.name)) {
      entry.ondata = (error, bytes, last) => {
        if (error) throw error;
        if (last) state.ended += 1;
      };
    } else {
      let push;
      const waiting = [];
      let held = 0;
      entry.ondata = (error, bytes, last) => {
        if (error) throw error;
        if (!push) {
          waiting.push(bytes.slice());
          held += bytes.length;
          if (held < HEAD && !last) return;
          const whole = joined(waiting);
          push = member(prefix + entry.name, whole.subarray(0, HEAD), last && held <= HEAD, packed);
          bytes = whole;
        }
        push(bytes, last);
        if (last) state.ended += 1;
      };
    }
    entry.start();
  });
  unzip.register(fflate.UnzipInflate);
  state.push = (bytes, last) => unzip.push(bytes, last);
  return state;
}

function member(name, head, whole, packed) {
  if (isZip(head) && !/\.xlsx$/i.test(name)) {
    const inner = unpacker(`${name}/`, packed);
    return (bytes, last) => {
      inner.push(bytes, last);
      if (last && inner.begun !== inner.ended) throw new Error("damaged");
    };
  }
  const entry = new fflate.ZipDeflate(name, { level: 1, mtime: SAME_TIME });
  packed.add(entry);
  if (isZip(head)) {
    const parts = [];
    return (bytes, last) => {
      parts.push(bytes.slice());
      entry.push(last ? workbook(joined(parts)) : new Uint8Array(0), last);
    };
  }
  return chosen(name, head, whole, (bytes, last) => entry.push(bytes, last));
}

function joined(parts) {
  const all = new Uint8Array(parts.reduce((sum, one) => sum + one.length, 0));
  parts.reduce((at, one) => (all.set(one, at), at + one.length), 0);
  return all;
}

// How one file is copied: `out(bytes, last)` gets what may be sent of it.
function chosen(name, head, whole, out) {
  const starts = (text) => [...text].every((sign, at) => head[at] === sign.charCodeAt(0));
  if (starts("SQLite format 3")) throw new Error("a database");
  if (starts("PAR1")) return out;
  const wide = (head[0] === 0xff && head[1] === 0xfe) || (head[0] === 0xfe && head[1] === 0xff);
  const zeros = head.reduce((sum, byte) => sum + (byte === 0), 0);
  const binary = ["%PDF", "\x89PNG", "\xff\xd8\xff", "GIF8", "\x1f\x8b", "Rar!", "7z"].some(starts);
  if (binary || (!wide && zeros * 10 > head.length)) return once(head.slice(0, MAGIC), out);
  const label = !wide ? "utf-8" : head[0] === 0xff ? "utf-16le" : "utf-16be";
  const text = new TextDecoder(label).decode(head, { stream: true }).trimStart();
  const json = text[0] === "[" || text[0] === "{";
  if (rules.nothingPattern.test(name.split("/").pop())) {
    return once(new TextEncoder().encode(json ? (text[0] === "[" ? "[]" : "{}") : "-"), out);
  }
  if (json) return replacing(label, rules.fieldPattern, withoutField, out);
  const first = text.split(/\r\n|\r|\n/).find((line) => line.trim() && !line.startsWith("#"));
  const names = first === undefined ? [] : fields(first, delimiter(first), false);
  const personal = names.map((column) => rules.columns.includes(plain(column)));
  const dated = names.some((column) => /^\W*date#./i.test(column));
  return personal.includes(true) || dated ? table(label, first, personal, out) : out;
}

function once(bytes, out) {
  let said = false;
  return (_, last) => {
    if (!said || last) out(said ? new Uint8Array(0) : bytes, last);
    said = true;
  };
}

function replacing(label, pattern, change, out) {
  const decoder = new TextDecoder(label, { fatal: true });
  const encoder = new TextEncoder();
  let rest = "";
  return (bytes, last) => {
    rest = (rest + decoder.decode(bytes, { stream: !last })).replace(pattern, change);
    let cut = last ? rest.length : Math.max(rest.length - LONGEST, 0);
    if (/[\ud800-\udbff]/.test(rest[cut - 1] || "")) cut -= 1; // never between two halves of a sign
    out(encoder.encode(rest.slice(0, cut)), last);
    rest = rest.slice(cut);
  };
}

// Of a user name it stays known whether it is somebody else's.
function withoutField(_, key, colon, value) {
  const name = rules.nameKeys.includes(key) && value[0] === '"' ? value.slice(1, -1) : "";
  const foreign = name && rules.own.length && !rules.own.includes(name.toLowerCase());
  return `"${key}"${colon}${foreign ? `"${rules.mark}"` : "null"}`;
}

function workbook(bytes) {
  if (bytes.length > MOST_WORKBOOK) throw new Error("too large a workbook");
  const files = fflate.unzipSync(bytes, { filter: (one) => one.originalSize < MOST_WORKBOOK });
  for (const name of Object.keys(files)) {
    if (!/\.(xml|rels)$/.test(name)) continue;
    const text = fflate.strFromU8(files[name]);
    const change = (_, cell, author) => cell || author;
    files[name] = fflate.strToU8(text.replace(rules.cellPattern, change));
  }
  return fflate.zipSync(files, { level: 1, mtime: SAME_TIME });
}

const plain = (name) => name.replace(/[^\p{L}\p{N}]+/gu, "").toLowerCase();

function delimiter(line) {
  const signs = [",", ";", "\t"];
  const counts = signs.map((sign) => (fields(line, sign, false) || []).length);
  return signs[counts.indexOf(Math.max(...counts))];
}

// The fields of a line as the server's reader parts them; null where a quote stays open or, if
// `strict`, something follows a quoted field.
function fields(line, sign, strict) {
  const found = [];
  for (let at = 0; ; ) {
    let text = "";
    if (line[at] === '"') {
      at += 1;
      for (;;) {
        const end = line.indexOf('"', at);
        if (end < 0) {
          if (strict) return null;
          text += line.slice(at);
          at = line.length;
          break;
        }
        text += line.slice(at, end);
        at = end + 1;
        if (line[at] !== '"') break;
        text += '"';
        at += 1;
      }
      if (strict && at < line.length && line[at] !== sign) return undefined;
    }
    const end = line.indexOf(sign, at);
    found.push(text + line.slice(at, end < 0 ? line.length : end));
    if (end < 0) return found;
    at = end + 1;
  }
}

// A table with its personal columns empty; rows keep their lines, by which reports name them.
function table(label, first, personal, out) {
  const decoder = new TextDecoder(label, { fatal: true });
  const encoder = new TextEncoder();
  const sign = delimiter(first);
  const width = personal.length;
  const unreadable = `${sign.repeat(width)}unreadable`;
  let rest = "";
  let lines = [];
  let header = true;

  const quoted = (text) => (/["\r\n]/.test(text) || text.includes(sign) ? `"${text.replace(/"/g, '""')}"` : text);
  const written = (row) => row.map(quoted).join(sign);

  function next() {
    const line = lines.shift();
    if (header) {
      if (line.replace(/^\ufeff/, "").trimStart() !== first) return line;
      header = false;
      return written(fields(first, sign, false).map((name) => name.replace(/^(\W*date#).*/i, "$1")));
    }
    if (!line.trim()) return line;
    let row = fields(line, sign, true);
    let taken = 0;
    for (let raw = line; row === null && taken < Math.min(QUOTED_LINES, lines.length); ) {
      raw += `\n${lines[taken]}`;
      taken += 1;
      row = fields(raw, sign, true);
    }
    if (row === undefined) row = taken ? null : fields(line, sign, false);
    if (taken && row && row.length !== width) row = null;
    if (!row || row.slice(width).some((field) => field.trim())) return unreadable;
    lines.splice(0, taken);
    return written(row.map((field, at) => (personal[at] ? "" : field)));
  }

  return (bytes, last) => {
    const text = rest + decoder.decode(bytes, { stream: !last });
    const whole = last || !text.endsWith("\r") ? text : text.slice(0, -1);
    const parts = whole.split(/\r\n|\r|\n/);
    rest = last ? "" : parts.pop() + text.slice(whole.length);
    lines = lines.concat(parts);
    const ready = [];
    while (lines.length > (last ? 0 : QUOTED_LINES)) ready.push(next());
    out(encoder.encode(ready.map((line) => `${line}\n`).join("")), last);
  };
}
