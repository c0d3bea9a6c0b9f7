// The report of a year.

function yearView(year) {
  const first = dayOf(year, 0, 1);
  const last = dayOf(year + 1, 0, 1) - 1;
  const from = since(first);
  const to = since(last + 1);
  const years = yearsHeard();
  const nav = h("nav", { class: "year-nav", "aria-label": "Years" },
    years.includes(year - 1) ? link("#/year/" + (year - 1), "← " + (year - 1)) : h("span", null),
    h("p", { class: "label" }, "1 January to 31 December " + year),
    years.includes(year + 1) ? link("#/year/" + (year + 1), year + 1 + " →") : h("span", null));
  if (!countIn(from, to)) {
    return { title: String(year), view: [nav, h("h1", { tabindex: "-1" }, String(year)),
      h("p", { class: "empty" }, "Nothing was played in " + year + ", or nothing that counts, or nothing is known of it.")] };
  }
  const counts = byDay(first, last);
  const sums = totals(from, to);
  const artists = top("artist", from, to);
  const most = counts.indexOf(Math.max(...counts));
  const view = [nav, yearHead(year, sums, artists, counts, first),
    yearRibbon(counts, first, most),
    yearFigures(sums, artists, first, last),
    yearTops(year, from, to, artists),
    h("div", { class: "thirds-year" }, yearClock(from, to), yearDiscoveries(year, from, to, artists)),
    yearHeat(year, counts, first),
    yearLongest(longestDay(first, last)),
    yearKnown(year, first, last)];
  return { title: String(year), view };
}

function yearHead(year, sums, artists, counts, first) {
  const months = monthSums(counts, first);
  const loud = months.indexOf(Math.max(...months));
  const lead = artists.length ? artists[0] : null;
  return h("header", { class: "year-head" },
    h("p", { class: "numeral", "aria-hidden": "true" }, String(year)),
    h("div", null,
      h("h1", { tabindex: "-1" }, h("span", { class: "visually-hidden" }, year + ": "),
        lead ? ["Most of all, ", nameOf(nameIn("artist", lead.id)), "."] : "A year of plays."),
      h("p", { class: "lead" }, plural(sums.plays, "play"), lead ? ", " + number(lead.plays) + " of them theirs" : "",
        ". " + MONTHS[loud] + " was the loudest month. ",
        sums.fresh ? plural(sums.fresh, "artist was", "artists were") + " new." : "")));
}

function monthSums(counts, first) {
  const months = new Array(12).fill(0);
  counts.forEach((count, at) => { months[parts(first + at)[1]] += count; });
  return months;
}

function yearRibbon(counts, first, most) {
  const months = monthSums(counts, first);
  const [year] = parts(first);
  return h("div", { class: "ribbon-block" },
    h("p", { class: "ribbon-note" }, shortDay(first + most) + ", " + amountWords(counts[most]) + ": the most on one day"),
    figure(ribbon(counts, first), amountName() + " on every day of " + year, ["Month", amountName()],
      () => months.map((sum, month) => [MONTHS[month], amountNumber(sum)])),
    h("ol", { class: "ribbon-months", "aria-hidden": "true" }, months.map((sum, month) =>
      h("li", null, h("span", null, h("span", { class: "wide" }, MONTHS[month]),
        h("span", { class: "tight" }, MONTHS[month][0])),
        h("span", { class: "wide" }, archive.byTime ? hours(sum) + "\u00a0h" : number(sum))))));
}

function yearFigures(sums, artists, first, last) {
  const share = knownShare(instantOf(first), instantOf(last + 1));
  return facts([
    ["plays", number(sums.plays)],
    ["listened, about", hours(sums.listened), "h"],
    ["tracks", number(sums.tracks)],
    ["artists", number(sums.artists), null, number(sums.fresh) + " heard first"],
    ["of the time known", percent(share), "%"],
  ]);
}

// The instant at which a local day begins, near enough for a share of a year.
function instantOf(day) {
  const local = day * DAY;
  return local - (localOf(local) - local);
}

function yearTops(year, from, to, artists) {
  const column = (kind, ranked) => h("div", null,
    h("h3", null, KINDS[kind]), ranking(kind, ranked.slice(0, 5), 5, { bare: true }),
    h("p", { class: "all-of" }, link("#/top/" + kind + "/" + year, "All " + number(ranked.length))));
  return section("Most played", null, h("div", { class: "thirds" },
    column("artist", artists), column("album", top("album", from, to)), column("track", top("track", from, to))),
    attribution());
}

function yearClock(from, to) {
  const hoursOf = byHour(from, to);
  const peak = hoursOf.indexOf(Math.max(...hoursOf));
  return section(dayPart(peak) + ", mostly at " + hourWord(peak), null,
    figure(clockFace(hoursOf), amountName() + " by the hour of the day, most at " + peak + " o’clock", ["Hour", amountName()],
      () => hoursOf.map((amount, hour) => [two(hour) + ":00", amountNumber(amount)])));
}

function dayPart(hour) {
  if (hour < 5) return "Nights";
  if (hour < 12) return "Mornings";
  return hour < 18 ? "Afternoons" : "Evenings";
}

function hourWord(hour) {
  const words = ["twelve", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven"];
  return words[hour % 12];
}

function yearDiscoveries(year, from, to) {
  const found = discoveries(from, to).slice(0, 8).sort((a, b) => a.first - b.first);
  return section("First heard in " + year, null, found.length
    ? h("ol", { class: "stamped" }, found.map((one) => h("li", null, stamp(archive.day[one.first]),
      h("span", { class: "what" }, h("span", { class: "title" }, link(routeOf("artist", one.id), nameOf(nameIn("artist", one.id), true))),
        h("span", { class: "by" }, plural(one.plays, "play") + " that year")))))
    : h("p", { class: "muted" }, "Nobody new."));
}

function yearHeat(year, counts, first) {
  const heard = counts.filter(Boolean).length;
  const { limits } = heatLevels(counts);
  return section("Music on " + plural(heard, "day"), "a column is a week, Monday on top",
    figure(heatmap(counts, first), amountName() + " on every day of " + year, ["Day", amountName()],
      () => counts.map((amount, at) => amount && [longDay(first + at), amountNumber(amount)]).filter(Boolean)),
    h("p", { class: "legend" }, "none ", h("span", { class: "month heat-0" }),
      [1, 2, 3, 4].map((step) => h("span", { class: "month heat-" + step })),
      " more than " + amountNumber(limits[2]) + " ", h("span", { class: "month heat-0 has-gap" }), " not known"));
}

function yearLongest(day) {
  const from = since(day);
  const to = since(day + 1);
  const leaders = top("artist", from, to).slice(0, 3);
  const ownOf = leaders.map((one) => tracksOf("artist", one.id));
  const minutesOf = (own) => playsOf(own, from, to).filter(isCounted).map((at) => archive.minute[at]);
  const others = ownOf.length ? ownOf[0].map((_, track) => !ownOf.some((own) => own[track])) : [];
  return section(shortDay(day) + ", from beginning to end", plural(countIn(from, to), "play"),
    h("div", { class: "lanes" }, leaders.map((one, at) => h("div", { class: "lane-row" },
      h("p", null, nameOf(nameIn("artist", one.id), true), h("span", { class: "muted" }, " " + amountNumber(one.amount))),
      lane(minutesOf(ownOf[at])))),
    h("div", { class: "lane-row lane-others" }, h("p", null, "others"), lane(minutesOf(others))), h("ol", { class: "lane-hours", "aria-hidden": "true" }, ["00", "06", "12", "18", "24"].map((hour) => h("li", null, hour)))));
}

function yearKnown(year, first, last) {
  const from = Math.max(instantOf(first), archive.keptFrom || 0);
  const to = Math.min(instantOf(last + 1), archive.takenAt);
  const share = knownShare(instantOf(first), instantOf(last + 1));
  const gaps = gapsIn(first, last).length;
  return section("These figures know " + percent(share) + " % of the time",
    gaps ? plural(gaps, "gap") : "no gap is known",
    to > from && h("div", { "aria-hidden": "true" }, band(from, to)),
    h("p", { class: "small muted" }, "Hatched days are not zero: they are not known. Hours count whole tracks where",
      " it is not known how long they were heard. ", link("#/gaps", "All gaps")));
}
