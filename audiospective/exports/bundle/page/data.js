// The archive in memory: columns, not rows. Times are exact to the millisecond.

const archive = {};

function bytesOf(text) {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text);
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let at = 0; at < binary.length; at++) bytes[at] = binary.charCodeAt(at);
  return bytes;
}

// Reads a table; `into` says for each column where its values go: (value, row) => void.
async function table(text, into) {
  const bytes = bytesOf(text.trim());
  await hyparquet.parquetRead({
    file: bytes.buffer,
    columns: Object.keys(into),
    compressors: { ZSTD: (input, size) => hyparquet.decompress(input, new Uint8Array(size)) },
    parsers: { stringFromBytes },
    onChunk: ({ columnName, columnData, rowStart }) => {
      const take = into[columnName];
      for (let at = 0; at < columnData.length; at++) take(columnData[at], rowStart + at);
    },
  });
}

const utf8 = new TextDecoder();

// Names are short and most of them ASCII: put together by hand, a tenth of the decoder's time.
function stringFromBytes(bytes) {
  if (!bytes || bytes.length > 60) return bytes && utf8.decode(bytes);
  let text = "";
  for (let at = 0; at < bytes.length; at++) {
    if (bytes[at] > 127) return utf8.decode(bytes);
    text += String.fromCharCode(bytes[at]);
  }
  return text;
}

function block(id) {
  const element = document.getElementById(id);
  const text = element.textContent;
  element.remove(); // the text is not needed twice
  return text;
}

// What the history and its search need; `archive.whole` is kept once everything else is there, too.
async function open(meta, playsIn) {
  Object.assign(archive, meta);
  await openCatalog();
  const count = meta.plays;
  archive.at = new Float64Array(count); // the end, UTC, ms; whole seconds until all is there
  archive.track = new Int32Array(count);
  archive.heard = null; // ms; -1 where that is not known
  const later = [];
  let row = 0;
  for await (const [text, more, rows] of playsIn()) {
    const first = row;
    let second = meta.base;
    await table(text, {
      gap: (value, at) => { archive.at[first + at] = (second += value) * 1000; },
      track: (value, at) => { archive.track[first + at] = value; },
    });
    later.push([first, more]);
    row += rows;
  }
  localTimes(count);
  archive.whole = openMore(later);
  return archive;
}

// Lengths, milliseconds and addresses at Spotify, with pauses in which the page answers.
async function openMore(later) {
  const heard = new Int32Array(archive.plays);
  let counts = null; // 1 where figures count a play; null where all count
  for (const [first, more] of later) {
    await pause();
    const text = more();
    await table(text, { heard: (value, at) => { heard[first + at] = value; } });
    if (archive.byRule) {
      counts ||= new Uint8Array(archive.plays);
      await table(text, { counts: (value, at) => { counts[first + at] = value; } });
    }
    await pause();
    await table(text, { ms: (value, at) => { archive.at[first + at] += value; } });
  }
  await pause();
  const ids = [];
  await table(block("ids"), { id: (value, at) => { ids[at] = value; } });
  archive.tracks.id = ids;
  archive.counts = counts;
  archive.heard = heard;
}

function pause() {
  return new Promise((go) => requestAnimationFrame(() => setTimeout(go)));
}

// What `make` gives, now or as soon as everything is there; until then `instead`, an element.
function onceWhole(make, instead) {
  if (archive.heard) return make();
  archive.whole.then(() => instead.replaceWith(make()));
  return instead;
}

async function openCatalog() {
  const names = { artists: [], albums: [] };
  await table(block("artists"), { name: (value, at) => { names.artists[at] = value; } });
  await table(block("albums"), { name: (value, at) => { names.albums[at] = value; } });
  const tracks = { title: [], album: [], length: [], kind: [], same: [], artists: [] };
  const into = {};
  for (const column of ["title", "album", "length", "kind", "same"]) {
    into[column] = (value, at) => { tracks[column][at] = value; };
  }
  await table(block("tracks"), into);
  const credited = [];
  const artist = [];
  await table(block("credits"), {
    track: (value, at) => { credited[at] = value; },
    artist: (value, at) => { artist[at] = value; },
  });
  for (let at = 0; at < tracks.title.length; at++) tracks.artists.push([]);
  for (let at = 0; at < credited.length; at++) tracks.artists[credited[at]].push(artist[at]);
  archive.names = names;
  archive.tracks = tracks;
}

// The wall clock at the end of each play: days since 1970 and minutes of the day, in the owner's zone.
function localTimes(count) {
  const { offsets } = archive; // [from (ms), minutes east of UTC], in order
  archive.day = new Int32Array(count);
  archive.minute = new Int16Array(count);
  let piece = 0;
  for (let at = 0; at < count; at++) {
    const instant = archive.at[at];
    while (piece + 1 < offsets.length && offsets[piece + 1][0] <= instant) piece++;
    const local = instant + offsets[piece][1] * 60000;
    const day = Math.floor(local / DAY);
    archive.day[at] = day;
    archive.minute[at] = Math.floor((local - day * DAY) / 60000);
  }
}

function localOf(instant) {
  const { offsets } = archive;
  let piece = 0;
  while (piece + 1 < offsets.length && offsets[piece + 1][0] <= instant) piece++;
  return instant + offsets[piece][1] * 60000;
}

// The first play on or after a day.
function since(day) {
  let low = 0;
  let high = archive.plays;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (archive.day[middle] < day) low = middle + 1;
    else high = middle;
  }
  return low;
}

function firstDay() {
  return archive.plays ? archive.day[0] : NaN;
}

function lastDay() {
  return archive.plays ? archive.day[archive.plays - 1] : NaN;
}

// The track that a play counts as: several of one recording are one.
function counted(at) {
  return archive.tracks.same[archive.track[at]];
}

// What a play is called, and by whom.
function artistsOf(track) {
  return archive.tracks.artists[track];
}

function artistNames(track) {
  return artistsOf(track).map((artist) => archive.names.artists[artist]).join(", ");
}

function albumName(track) {
  const album = archive.tracks.album[track];
  return album < 0 ? "" : archive.names.albums[album];
}

function spotifyLink(track) {
  const id = archive.tracks.id[track];
  const kind = archive.tracks.kind[track] === 0 ? "track" : "episode";
  return id ? "https://open.spotify.com/" + kind + "/" + encodeURIComponent(id) : null;
}
