// Figures of a range of plays [from, to); the definitions are those of the site.

function* indices(from, to, kept) {
  if (kept) yield* kept;
  else for (let at = from; at < to; at++) yield at;
}

// Whether figures count a play: by the owner's rule, and without artists that they hid.
function isCounted(at) {
  return !archive.counts || archive.counts[at] === 1;
}

function countIn(from, to) {
  if (!archive.counts) return to - from;
  let sum = 0;
  for (let at = from; at < to; at++) sum += archive.counts[at];
  return sum;
}

// Milliseconds that a play was heard; where nobody told, the whole track.
function heardOf(at) {
  const heard = archive.heard[at];
  return heard >= 0 ? heard : Math.max(0, archive.tracks.length[archive.track[at]]);
}

// What figures add up of a play: one, or the time heard for owners who count by time.
function amountOf(at) {
  return archive.byTime ? heardOf(at) : 1;
}

// Plays and amount of each track in a range, and where each was heard first and last.
function byTrack(from, to) {
  const size = archive.tracks.title.length;
  const counts = new Uint32Array(size);
  const amounts = new Float64Array(size);
  const first = new Int32Array(size).fill(-1);
  const last = new Int32Array(size).fill(-1);
  for (let at = from; at < to; at++) {
    if (!isCounted(at)) continue;
    const track = counted(at);
    if (!counts[track]++) first[track] = at;
    amounts[track] += amountOf(at);
    last[track] = at;
  }
  return { counts, amounts, first, last };
}

// The most heard of "track", "album", "artist": every artist credited counts. Of equals the one
// heard first stands first.
function top(kind, from, to) {
  const tracks = byTrack(from, to);
  const found = new Map();
  const add = (id, track) => {
    const one = found.get(id);
    if (one === undefined) {
      found.set(id, {
        id, plays: tracks.counts[track], amount: tracks.amounts[track],
        first: tracks.first[track], last: tracks.last[track],
      });
    } else {
      one.plays += tracks.counts[track];
      one.amount += tracks.amounts[track];
      one.first = Math.min(one.first, tracks.first[track]);
      one.last = Math.max(one.last, tracks.last[track]);
    }
  };
  for (let track = 0; track < tracks.counts.length; track++) {
    if (!tracks.counts[track]) continue;
    if (kind === "track") add(track, track);
    else if (kind === "artist") for (const artist of artistsOf(track)) add(artist, track);
    else if (archive.tracks.album[track] >= 0) add(archive.tracks.album[track], track);
  }
  return [...found.values()].sort((a, b) =>
    b.amount - a.amount || archive.at[a.first] - archive.at[b.first] || a.id - b.id);
}

function nameIn(kind, id) {
  if (kind === "track") return archive.tracks.title[id];
  return kind === "artist" ? archive.names.artists[id] : archive.names.albums[id];
}

function listened(from, to) {
  let sum = 0;
  for (let at = from; at < to; at++) if (isCounted(at)) sum += heardOf(at);
  return sum;
}

function byHour(from, to, kept) {
  const hours = new Array(24).fill(0);
  for (const at of indices(from, to, kept)) {
    if (isCounted(at)) hours[Math.floor(archive.minute[at] / 60)] += amountOf(at);
  }
  return hours;
}

// The amount of each day from `first` to `last`, or what else `of` says of a play.
function byDay(first, last, of = amountOf) {
  const sums = new Array(last - first + 1).fill(0);
  for (let at = since(first); at < archive.plays && archive.day[at] <= last; at++) {
    if (isCounted(at)) sums[archive.day[at] - first] += of(at);
  }
  return sums;
}

// The day from `first` to `last` on which most time was heard; of equals the one with more plays, then the earlier.
function longestDay(first, last) {
  const heard = byDay(first, last, heardOf);
  const plays = byDay(first, last, () => 1);
  let best = 0;
  for (let at = 1; at < heard.length; at++) {
    if (heard[at] > heard[best] || (heard[at] === heard[best] && plays[at] > plays[best])) best = at;
  }
  return first + best;
}

// Different tracks and artists, every one credited, and how many artists were never heard before.
function totals(from, to) {
  const tracks = new Set();
  for (let at = from; at < to; at++) if (isCounted(at)) tracks.add(counted(at));
  const artists = artistsIn(tracks);
  const before = artistsBefore(from);
  let fresh = 0;
  for (const artist of artists) if (!before.has(artist)) fresh++;
  return { plays: countIn(from, to), listened: listened(from, to), tracks: tracks.size, artists: artists.size, fresh };
}

function artistsIn(tracks) {
  const artists = new Set();
  for (const track of tracks) for (const artist of artistsOf(track)) artists.add(artist);
  return artists;
}

function artistsBefore(to) {
  const tracks = new Set();
  for (let at = 0; at < to; at++) if (isCounted(at)) tracks.add(counted(at));
  return artistsIn(tracks);
}

// Artists first heard in a range, the most played since first.
function discoveries(from, to) {
  const before = artistsBefore(from);
  return top("artist", from, to).filter((one) => !before.has(one.id));
}

// Which tracks belong to one artist, album or track, as a yes for each.
function tracksOf(kind, id) {
  const size = archive.tracks.title.length;
  const own = new Uint8Array(size);
  const { same, album } = archive.tracks;
  for (let track = 0; track < size; track++) {
    const as = same[track];
    if (kind === "track") own[track] = as === same[id];
    else own[track] = kind === "artist" ? artistsOf(as).includes(id) : album[as] === id;
  }
  return own;
}

function playsOf(own, from, to) {
  const found = [];
  for (let at = from; at < to; at++) if (own[archive.track[at]]) found.push(at);
  return found;
}

// Which tracks have a text in their title, album or artists, whatever its case and accents.
function matching(text) {
  if (!archive.searchable) {
    archive.searchable = archive.tracks.title.map((title, track) =>
      fold([title, albumName(track), ...artistsOf(track).map((one) => archive.names.artists[one])].join("\n")));
  }
  const words = fold(text.trim());
  const own = new Uint8Array(archive.searchable.length);
  archive.searchable.forEach((names, track) => {
    own[track] = names.includes(words);
  });
  return own;
}

// Open gaps that touch a span of days.
function gapsIn(first, last) {
  return archive.gaps.filter((gap) => !gap.closed && gap.firstDay <= last && gap.lastDay >= first);
}

// The share of a span that is known: the time since the archive was kept, less the gaps in it.
function knownShare(from, to) {
  const began = Math.max(from, archive.keptFrom || from);
  const end = Math.min(to, archive.takenAt);
  if (!(end > began)) return 1;
  const missing = archive.gaps.filter((gap) => !gap.closed)
    .reduce((sum, gap) => sum + Math.max(0, Math.min(gap.to, end) - Math.max(gap.from, began)), 0);
  return 1 - missing / (end - began);
}
