// Every play: search, filters, jump to a month, a hundred at a time.

const PAGE = 100;

function historyView(query) {
  const filters = {
    q: query.get("q") || "",
    from: query.get("from") || "",
    to: query.get("to") || "",
    kind: ["artist", "album", "track"].find((kind) => query.get(kind)),
  };
  if (filters.kind) filters.id = Number(query.get(filters.kind));
  const results = h("div", { id: "results" });
  const address = () => {
    const kept = new URLSearchParams();
    for (const name of ["q", "from", "to"]) if (filters[name]) kept.set(name, filters[name]);
    if (filters.kind) kept.set(filters.kind, filters.id);
    return "#/history" + (kept.size ? "?" + kept : "");
  };
  const change = (name, replace) => (event) => {
    filters[name] = event.target.value;
    history[replace ? "replaceState" : "pushState"](null, "", address());
    show();
  };
  const field = (label, control) => h("label", { class: "field" }, h("span", null, label), control);
  const show = () => results.replaceChildren(...historyResults(filters, address));
  let waiting = 0;
  const search = h("input", { type: "search", value: filters.q, id: "q", autocomplete: "off", oninput: (event) => {
    clearTimeout(waiting);
    waiting = setTimeout(() => change("q", true)(event), 120);
  } });
  const view = [
    h("div", { class: "page-line" },
      h("h1", { tabindex: "-1" }, "History"),
      archive.plays > 0 && h("p", { class: "muted" },
        plural(archive.plays, "play") + ", " + longDay(firstDay()) + " to " + longDay(lastDay()))),
    h("form", { class: "filters", role: "search", onsubmit: (event) => event.preventDefault() },
      field("Track, artist or album", search),
      field("From", h("input", { type: "date", value: filters.from, onchange: change("from") })),
      field("To", h("input", { type: "date", value: filters.to, onchange: change("to") }))),
    h("div", { class: "beside-left" }, monthsNav(), results),
  ];
  show();
  return { title: "History", view, focus: query.has("q") && query.get("typing") ? search : null };
}

function rangeOf(filters) {
  let first = fromIso(filters.from);
  let last = fromIso(filters.to);
  if (first > last) [first, last] = [last, first];
  return [Number.isNaN(first) ? firstDay() : first, Number.isNaN(last) ? lastDay() : last];
}

function historyResults(filters, address) {
  if (!archive.plays) return [h("p", { class: "empty" }, "There are no plays in this archive.")];
  const [first, last] = rangeOf(filters);
  const from = since(first);
  const to = since(last + 1);
  let own = null;
  if (filters.kind) own = tracksOf(filters.kind, filters.id);
  if (filters.q.trim()) {
    const found = matching(filters.q);
    own = own ? own.map((yes, track) => yes && found[track]) : found;
  }
  const kept = own ? playsOf(own, from, to) : null;
  const count = kept ? kept.length : to - from;
  const at = kept ? (place) => kept[count - 1 - place] : (place) => to - 1 - place;
  const narrow = filters.q || filters.from || filters.to || filters.kind;
  const head = h("div", { class: "results-head" },
    h("p", { role: "status" }, h("strong", null, plural(count, "play") + (narrow ? count === 1 ? " matches" : " match" : "")),
      kept && count > 0 && onceWhole(() => h("span", null, ", about " + hoursOfKept(kept)), h("span"))),
    filters.kind && h("p", { class: "chip" }, nameOf(nameIn(filters.kind, filters.id), true)),
    narrow && h("a", { href: "#/history" }, "Clear filters"));
  if (!count) {
    const touched = gapsIn(first, last).length;
    return [head, h("p", { class: "empty" },
      "No plays match" + (filters.q ? " “" + filters.q + "”" : "") +
      (filters.from || filters.to ? " between " + longDay(first) + " and " + longDay(last) : "") + ". ",
      touched ? "A part of this time is not known: " : "", touched ? link("#/gaps", "see the gaps") : "")];
  }
  const list = h("div", { class: "days" });
  const more = h("button", { class: "button", type: "button" }, "Load older plays");
  let shown = 0;
  const add = () => {
    // Whole days where everything is shown, so that a day's tape and count are of the day.
    let end = Math.min(count, shown + PAGE);
    if (!kept) while (end < count && archive.day[at(end)] === archive.day[at(end - 1)]) end++;
    const page = [];
    for (let place = shown; place < end; place++) page.push(at(place));
    shown = end;
    more.hidden = shown >= count;
    return daysOf(page, !kept, !kept);
  };
  list.append(...add());
  more.addEventListener("click", () => {
    const fresh = add();
    list.append(...fresh);
    const heading = fresh[0].querySelector("h2");
    heading.tabIndex = -1;
    heading.focus();
  });
  return [head, list, h("div", { class: "list-foot" }, more, attribution())];
}

function hoursOfKept(kept) {
  let sum = 0;
  for (const at of kept) sum += heardOf(at);
  return sum < 7200000 ? plural(Math.round(sum / 60000), "minute") : plural(Math.round(sum / 3600000), "hour");
}

// A calendar of months, darker where more was played.
function monthsNav() {
  if (!archive.plays) return null;
  const [firstYear] = parts(firstDay());
  const [lastYear] = parts(lastDay());
  // Empty years are left out where a clock was wrong by more than a lifetime.
  const every = lastYear - firstYear < 120;
  const numbers = every ? Array.from({ length: lastYear - firstYear + 1 }, (_, at) => lastYear - at) : yearsHeard();
  const countOf = (year, month) => since(dayOf(year, month + 1, 1)) - since(dayOf(year, month, 1));
  const counts = new Map(numbers.map((year) => [year, MONTHS.map((_, month) => countOf(year, month))]));
  const { level } = heatLevels([...counts.values()].flat());
  const years = [];
  for (const year of numbers) {
    years.push(h("p", { class: "label" }, String(year)), h("ol", { class: "months" }, MONTHS.map((name, month) => {
      const first = dayOf(year, month, 1);
      const last = dayOf(year, month + 1, 1) - 1;
      const count = counts.get(year)[month];
      const gap = gapsIn(first, last).length;
      const said = name + " " + year + ": " + (count ? plural(count, "play") : "no plays") + (gap ? ", has gaps" : "");
      if (!count && !gap) return h("li", null, h("span", { class: "month heat-none" }, name[0]));
      return h("li", null, h("a", {
        class: "month heat-" + level(count) + (gap ? " has-gap" : ""), title: said,
        href: "#/history?from=" + isoDay(first) + "&to=" + isoDay(last),
      }, h("span", { "aria-hidden": "true" }, name[0]), h("span", { class: "visually-hidden" }, said)));
    })));
  }
  const wide = matchMedia("(min-width: 56rem)").matches;
  return h("details", { class: "jump", open: wide }, h("summary", null, "Jump to a month"), years,
    h("p", { class: "legend" }, h("span", { class: "month heat-1" }), " few ", h("span", { class: "month heat-4" }),
      " many ", h("span", { class: "month heat-0 has-gap" }), " has gaps"));
}
