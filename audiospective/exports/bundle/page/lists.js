// Lists of plays and of the most played.

function routeOf(kind, id) {
  return "#/" + kind + "/" + id;
}

function itemLink(kind, id, name) {
  return archive.statistics ? h("a", { href: routeOf(kind, id) }, name) : name;
}

function trackLink(track, cut) {
  return itemLink("track", track, nameOf(archive.tracks.title[track], cut));
}

function artistLinks(track) {
  return artistsOf(track).map((artist, at) => [
    at ? ", " : "", itemLink("artist", artist, nameOf(archive.names.artists[artist])),
  ]);
}

function openSpotify(track) {
  return onceWhole(() => spotifyAnchor(track), h("span", { class: "open" }));
}

function spotifyAnchor(track) {
  const href = spotifyLink(track);
  if (!href) return h("span", { class: "open" });
  return h("a", { class: "open", href, rel: "noreferrer", title: "Open Spotify" },
    h("span", { class: "visually-hidden" }, "Open Spotify: " + archive.tracks.title[track]),
    s("svg", { viewBox: "0 0 16 16", width: 16, height: 16, "aria-hidden": "true" },
      s("path", { class: "line", d: "M9.5 2.5h4v4M13.5 2.5 7 9M11.5 9v3.5a1 1 0 0 1-1 1h-7a1 1 0 0 1-1-1v-7a1 1 0 0 1 1-1H7" })));
}

function playRow(at) {
  const track = archive.track[at];
  return h("li", { class: "play" },
    h("span", { class: "when" }, clockTime(archive.minute[at])),
    h("span", { class: "what" },
      h("span", { class: "title" }, trackLink(track, true)),
      h("span", { class: "by" }, artistLinks(track))),
    onceWhole(() => h("span", { class: "long" }, lengthOf(at)), h("span", { class: "long" })),
    openSpotify(track));
}

function lengthOf(at) {
  const heard = archive.heard[at];
  const shown = heard >= 0 ? heard : archive.tracks.length[archive.track[at]];
  return shown >= 0 ? length(shown) : "";
}

function gapRow(gap) {
  return h("li", { class: "play gap-row" },
    h("span", { class: "when" }, clockTime(Math.floor((localOf(gap.from) % DAY) / 60000))),
    h("p", null, h("strong", null, "Not known."), " ", gap.words));
}

// A tape of the day: when there was music, and what is not known.
function tape(day, plays) {
  return onceWhole(() => wholeTape(day, plays), s("svg", { viewBox: "0 0 1440 14", class: "tape", "aria-hidden": "true" }));
}

function wholeTape(day, plays) {
  const gaps = gapsIn(day, day).map((gap) => {
    const from = Math.max(0, localOf(gap.from) - day * DAY) / 60000;
    const to = Math.min(1440, (localOf(gap.to) - day * DAY) / 60000);
    return s("rect", { class: "gap", x: round(from), y: 0, width: Math.max(12, round(to - from)), height: 14, fill: HATCH });
  });
  const path = plays.map((at) => {
    const heard = archive.heard[at] >= 0 ? archive.heard[at] : archive.tracks.length[archive.track[at]];
    const wide = Math.min(archive.minute[at] + 1, Math.max(6, heard / 60000));
    return `M${round(archive.minute[at] - wide + 1)} 0h${round(wide)}v14h${-round(wide)}z`;
  }).join("");
  return s("svg", { viewBox: "0 0 1440 14", preserveAspectRatio: "none", class: "tape", "aria-hidden": "true" },
    s("path", { class: "ink", d: path }), gaps);
}

// Plays by day, newest first: `kept` are indices of plays, newest first.
function daysOf(kept, wholeDays, gaps, heading) {
  const days = [];
  let open = null;
  for (const at of kept) {
    if (!open || open.day !== archive.day[at]) days.push(open = { day: archive.day[at], plays: [] });
    open.plays.push(at);
  }
  return days.map(({ day, plays }) => {
    const rows = plays.map((at) => ({ instant: archive.at[at], row: () => playRow(at) }));
    if (gaps) {
      for (const gap of gapsIn(day, day)) {
        // Said where the gap begins.
        if (gap.firstDay === day) rows.push({ instant: gap.from, row: () => gapRow(gap) });
      }
      rows.sort((a, b) => b.instant - a.instant);
    }
    const all = wholeDays ? since(day + 1) - since(day) : plays.length;
    return h("section", { class: "day" },
      h("div", { class: "day-head" },
        h(heading || "h2", null, dayWithName(day)), wholeDays && tape(day, plays), h("p", { class: "label" }, plural(all, "play"))),
      h("ol", { class: "plays" }, rows.map(({ row }) => row())));
  });
}

// The most played with bars; `show` of them and a button for more.
function ranking(kind, ranked, show, { bare, startAt } = {}) {
  const most = (ranked.length && ranked[0].amount) || 1;
  const list = h("ol", { class: "ranking" + (bare ? " ranking-bare" : ""), start: startAt || 1 });
  const row = (one, at) => h("li", null,
    h("span", { class: "rank", "aria-hidden": "true" }, number(at + 1)),
    h("span", { class: "what" },
      h("span", { class: "title" }, h("a", { href: routeOf(kind, one.id) }, nameOf(nameIn(kind, one.id), true))),
      kind !== "artist" && h("span", { class: "by" }, kind === "track" ? artistNames(one.id) : albumBy(one.id))),
    !bare && s("svg", { viewBox: "0 0 100 8", preserveAspectRatio: "none", class: "bar", "aria-hidden": "true" },
      s("rect", { class: "ink", width: round(Math.max(0.6, (one.amount / most) * 100)), height: 8 })),
    h("span", { class: "count" }, amountNumber(one.amount),
      !archive.byTime && h("span", { class: "visually-hidden" }, " plays")));
  let shown = 0;
  const more = h("button", { class: "button", type: "button", onclick: () => {
    const next = shown;
    add(100);
    list.children[next].querySelector("a").focus();
  } });
  const add = (count) => {
    list.append(...ranked.slice(shown, shown + count).map((one, at) => row(one, shown + at)));
    shown = Math.min(ranked.length, shown + count);
    more.hidden = shown >= ranked.length;
    more.textContent = "Show more of " + number(ranked.length);
  };
  add(show);
  return bare ? list : h("div", { class: "more-list" }, list, more);
}

// Whose album it is: the artist named first on its first track in the archive.
function albumBy(album) {
  if (!archive.albumTracks) {
    archive.albumTracks = new Map();
    archive.tracks.album.forEach((one, track) => {
      if (one >= 0 && !archive.albumTracks.has(one)) archive.albumTracks.set(one, track);
    });
  }
  const track = archive.albumTracks.get(album);
  const artists = track === undefined ? [] : artistsOf(track);
  return artists.length ? archive.names.artists[artists[0]] : "";
}

function stamp(day) {
  return h("time", { class: "stamp", datetime: isoDay(day) }, shortDay(day, true).toUpperCase());
}

function facts(pairs) {
  return h("dl", { class: "figures" }, pairs.filter(Boolean).map(([label, value, unit, note]) => h("div", null,
    h("dt", null, label),
    h("dd", null, h("span", { class: "figure" }, value, unit && h("span", { class: "unit" }, unit)),
      note && h("span", { class: "note" }, note)))));
}

function attribution() {
  return h("p", { class: "attribution" }, "Names from ",
    h("a", { href: "https://open.spotify.com/", rel: "noreferrer" }, "Spotify"), ".");
}
