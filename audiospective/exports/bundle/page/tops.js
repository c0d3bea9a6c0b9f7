// The most played artists, albums and tracks of any year or month.

const KINDS = { artist: "Artists", album: "Albums", track: "Tracks" };

function periodRange(period) {
  const match = /^(\d{4})(?:-(\d{2}))?$/.exec(period);
  if (!match) return { from: 0, to: archive.plays, words: "all time" };
  const year = Number(match[1]);
  const month = match[2] ? Number(match[2]) - 1 : null;
  const first = dayOf(year, month || 0, 1);
  const last = month === null ? dayOf(year + 1, 0, 1) - 1 : dayOf(year, month + 1, 1) - 1;
  return {
    from: since(first), to: since(last + 1), first, last, year, month,
    words: month === null ? String(year) : MONTHS[month] + " " + year,
  };
}

function yearsHeard() {
  const years = [];
  if (!archive.plays) return years;
  for (let year = parts(lastDay())[0]; year >= parts(firstDay())[0]; year--) {
    if (since(dayOf(year + 1, 0, 1)) > since(dayOf(year, 0, 1))) years.push(year);
  }
  return years;
}

function topView(kind, period) {
  const range = periodRange(period);
  const ranked = top(kind, range.from, range.to);
  const tab = (value, words) => h("a", {
    href: "#/top/" + kind + "/" + value, "aria-current": value === period ? "page" : null,
  }, words);
  const months = range.year === undefined ? null : h("nav", { class: "months-line", "aria-label": "Months of " + range.year },
    MONTHS.map((name, month) => {
      const value = range.year + "-" + two(month + 1);
      const count = since(dayOf(range.year, month + 1, 1)) - since(dayOf(range.year, month, 1));
      return count ? tab(value, name.slice(0, 3)) : h("span", { class: "muted" }, name.slice(0, 3));
    }));
  const current = range.year === undefined ? "all" : String(range.year);
  const view = [
    h("h1", { tabindex: "-1" }, "Most played, " + range.words),
    h("p", { class: "lead" }, plural(countIn(range.from, range.to), "play") +
      (archive.byTime ? ", about " + duration(listened(range.from, range.to)) : "") + ", " +
      plural(ranked.length, "different " + kind) + "."),
    h("nav", { class: "kinds", "aria-label": "What" }, Object.entries(KINDS).map(([value, words]) => h("a", {
      href: "#/top/" + value + "/" + period, "aria-current": value === kind ? "page" : null,
    }, words))),
    h("div", { class: "cabinet-card" },
      h("nav", { class: "tabs", "aria-label": "When" },
        h("a", { href: "#/top/" + kind + "/all", "aria-current": current === "all" ? "page" : null }, "All time"),
        yearsHeard().map((year) => h("a", {
          href: "#/top/" + kind + "/" + year, "aria-current": current === String(year) ? "page" : null,
        }, String(year)))),
      h("div", { class: "sheet" }, months,
        ranked.length ? ranking(kind, ranked, 50) : h("p", { class: "empty" }, "Nothing was played then."))),
    attribution(),
  ];
  return { title: "Most played, " + range.words, view };
}
