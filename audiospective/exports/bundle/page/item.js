// One artist, album or track.

function itemView(kind, id) {
  if (kind === "track" && archive.tracks.same[id] !== undefined) id = archive.tracks.same[id];
  const name = nameIn(kind, id);
  if (name === undefined) return nowhere();
  const own = tracksOf(kind, id);
  const every = playsOf(own, 0, archive.plays);
  if (!every.length) return nowhere();
  const kept = every.filter(isCounted);
  const allOf = link("#/history?" + kind + "=" + id, "All " + plural(every.length, "play"));
  if (!kept.length) {
    return { title: name || "Not known", view: [h("h1", { tabindex: "-1", class: "item-name" }, nameOf(name)),
      h("p", null, "None of its plays counts by the rule that figures follow. ", allOf)] };
  }
  const first = kept[0];
  const last = kept[kept.length - 1];
  const months = monthsBetween(kept);
  const peak = months.reduce((best, one) => (one[1] > best[1] ? one : best), months[0]);
  const view = [
    h("p", { class: "label" }, { artist: "Artist", album: "Album", track: "Track" }[kind]),
    h("h1", { tabindex: "-1", class: "item-name" }, nameOf(name)),
    kind === "track" && h("p", { class: "lead" }, artistLinks(id), albumName(id) && [" · ",
      link(routeOf("album", archive.tracks.album[id]), nameOf(albumName(id)))]),
    kind === "album" && h("p", { class: "lead" }, albumBy(id)),
    kind === "track" && spotifyLink(id) && h("p", null, h("a", { href: spotifyLink(id), rel: "noreferrer" }, "Open Spotify")),
    h("div", { class: "beside-right" },
      h("div", { class: "stack" },
        section(plural(kept.length, "play") + ", most in " + peak[0], null,
          figure(columns(months.map((one) => one[1])), amountName() + " by month", ["Month", amountName()],
            () => months.map(([words, amount]) => [words, amountNumber(amount)])),
          h("div", { class: "ends" }, h("span", null, months[0][0]), h("span", null, months[months.length - 1][0]))),
        kind !== "track" && itemTracks(own),
        section("Last plays", null, h("div", { class: "days" }, daysOf(every.slice(-12).reverse(), false, false, "h3")),
          h("p", { class: "all-of" }, allOf))),
      h("aside", { class: "slip" },
        h("dl", null,
          slipRow("First play", stamp(archive.day[first])), slipRow("Last play", stamp(archive.day[last])),
          slipRow("Listened, about", hoursOfKept(kept)),
          kind !== "track" && slipRow("Tracks", number(own.reduce((sum, yes, track) => sum + (yes && archive.tracks.same[track] === track), 0))),
          slipRow("Place, all time", place(kind, id))),
        itemClock(kept))),
    attribution(),
  ];
  return { title: name || "Not known", view };
}

function slipRow(label, value) {
  return h("div", null, h("dt", null, label), h("dd", null, value));
}

function place(kind, id) {
  const ranked = top(kind, 0, archive.plays);
  const own = ranked.find((one) => one.id === id);
  return number(1 + ranked.filter((one) => one.amount > own.amount).length) + " of " + number(ranked.length);
}

function monthsBetween(kept) {
  const key = (at) => { const [year, month] = parts(archive.day[at]); return year * 12 + month; };
  const from = key(kept[0]);
  const sums = new Array(key(kept[kept.length - 1]) - from + 1).fill(0);
  for (const at of kept) sums[key(at) - from] += amountOf(at);
  return sums.map((sum, at) => [MONTHS[(from + at) % 12].slice(0, 3) + " " + Math.floor((from + at) / 12), sum]);
}

function itemTracks(own) {
  const ranked = top("track", 0, archive.plays).filter((one) => own[one.id]);
  return section("Tracks", null, ranking("track", ranked, 10));
}

function itemClock(kept) {
  const hoursOf = byHour(0, 0, kept);
  return figure(clockFace(hoursOf), amountName() + " by the hour of the day", ["Hour", amountName()],
    () => hoursOf.map((amount, hour) => [two(hour) + ":00", amountNumber(amount)]));
}

function nowhere() {
  return { title: "Not in this archive", view: [
    h("h1", { tabindex: "-1" }, "Not in this archive"),
    h("p", null, "There is nothing at this address. ", link("#/", "Back to the overview"), ".")] };
}
