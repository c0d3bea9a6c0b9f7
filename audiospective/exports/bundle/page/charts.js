// Drawings: one ink, hatching for what is not known, nothing that needs a pointer to be read.

const HATCH = "url(#hatch)";

function bars(values, { width, height, gap, name, strong }) {
  const most = Math.max(1, ...values);
  const step = width / values.length;
  let path = "";
  let dark = "";
  values.forEach((value, at) => {
    if (!value) return;
    const tall = Math.max(1, (value / most) * height);
    const bar = `M${round(at * step)} ${height}v${-round(tall)}h${round(step - gap)}v${round(tall)}z`;
    if (strong && strong(at, value, most)) dark += bar;
    else path += bar;
  });
  return [s("path", { class: name || "ink", d: path }), dark && s("path", { class: "ink-strong", d: dark })];
}

function round(value) {
  return Math.round(value * 100) / 100;
}

// Hatched stretches over a drawing whose whole width is the span of days.
function hatching(first, last, width, height) {
  const days = last - first + 1;
  return gapsIn(first, last).map((gap) => {
    const from = Math.max(first, gap.firstDay) - first;
    const wide = Math.min(last, gap.lastDay) - first + 1 - from;
    return s("rect", {
      class: "gap", x: round((from / days) * width), y: 0, height, fill: HATCH,
      width: Math.max(round((wide / days) * width), width / 270),
    });
  });
}

// Every day of a year as a stroke; the longest day dark.
function ribbon(counts, first) {
  const width = 1088;
  const height = 150;
  const most = Math.max(...counts);
  const drawing = s("svg", { viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none", class: "ribbon" },
    bars(counts, { width, height, gap: 0.7, strong: (_, value) => value === most }),
    hatching(first, first + counts.length - 1, width, height));
  return drawing;
}

// Bars of months or years, the peak with its number.
function columns(values, label) {
  const width = 640;
  const height = 120;
  const most = Math.max(1, ...values);
  return s("svg", { viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none", class: "columns" },
    bars(values, {
      width, height, gap: Math.min(4, width / values.length / 4),
      strong: (_, value) => value === most,
    }));
}

// Steps 1 to 4 by the year's own quarters: loud and quiet listeners both see a pattern.
function heatLevels(counts) {
  const heard = counts.filter(Boolean).sort((a, b) => a - b);
  const quarter = (share) => heard[Math.min(heard.length - 1, Math.floor(heard.length * share))];
  const limits = heard.length ? [quarter(0.25), quarter(0.5), quarter(0.75)] : [1, 1, 1];
  return {
    limits,
    level: (count) => (count ? 1 + limits.filter((limit) => count > limit).length : 0),
  };
}

// Weeks as columns, Monday first; two halves, one under the other where there is little room.
function heatmap(counts, first) {
  const lead = (weekday(first) + 6) % 7;
  const weeks = Math.ceil((lead + counts.length) / 7);
  const half = Math.ceil(weeks / 2);
  const { level } = heatLevels(counts);
  const unknown = new Set();
  for (const gap of gapsIn(first, first + counts.length - 1)) {
    const end = Math.min(gap.lastDay, first + counts.length - 1);
    for (let day = Math.max(gap.firstDay, first); day <= end; day++) unknown.add(day);
  }
  const cells = [[], []];
  counts.forEach((count, at) => {
    const place = lead + at;
    const day = first + at;
    if (day < firstDay() || day > localDayOf(archive.takenAt)) return;
    const week = Math.floor(place / 7);
    const side = week < half ? 0 : 1;
    cells[side].push(heatCell(day, count, level(count), unknown.has(day), (week - side * half) * 20, (place % 7) * 20));
  });
  return h("div", { class: "halves" }, cells.map((own) =>
    s("svg", { viewBox: `0 0 ${half * 20} 140`, class: "heatmap", "aria-hidden": "true" }, own)));
}

function heatCell(day, amount, step, unknown, x, y) {
  const said = shortDay(day, true) + ": " + (amount || !unknown ? amountWords(amount) : "not known") +
    (amount && unknown ? ", a part is not known" : "");
  const low = amount ? 11 : 0;
  return [
    s("rect", { class: "cell heat-" + step, x, y, width: 17, height: 17, rx: 2 }, s("title", null, said)),
    unknown && s("rect", { class: "gap", x, y: y + low, width: 17, height: 17 - low, rx: 2, fill: HATCH }),
  ];
}

function localDayOf(instant) {
  return Math.floor(localOf(instant) / DAY);
}

// 24 hours on a ring; the peak dark and named in the middle.
function clockFace(hours) {
  const most = Math.max(1, ...hours);
  const peak = hours.indexOf(Math.max(...hours));
  const wedge = (hour, inner, outer) => {
    const from = ((hour - 0.5) / 24 + 0.0016) * 2 * Math.PI;
    const to = ((hour + 0.5) / 24 - 0.0016) * 2 * Math.PI;
    const at = (radius, angle) =>
      round(130 + radius * Math.sin(angle)) + " " + round(130 - radius * Math.cos(angle));
    return `M${at(inner, from)}A${inner} ${inner} 0 0 1 ${at(inner, to)}` +
      `L${at(outer, to)}A${outer} ${outer} 0 0 0 ${at(outer, from)}z`;
  };
  const outer = (count) => 42 + (count / most) * 61;
  const text = (x, y, words) => s("text", { x, y, "text-anchor": "middle", class: "axis" }, words);
  return s("svg", { viewBox: "0 0 260 260", class: "clock" },
    [42, 103].map((r) => s("circle", { cx: 130, cy: 130, r, class: "rail" })),
    s("path", { class: "ink", d: hours.map((count, hour) => count && hour !== peak ? wedge(hour, 42, outer(count)) : "").join("") }),
    s("path", { class: "ink-strong", d: hours[peak] ? wedge(peak, 42, outer(hours[peak])) : "" }),
    text(130, 18, "0"), text(247, 134, "6"), text(130, 252, "12"), text(13, 134, "18"),
    s("text", { x: 130, y: 138, "text-anchor": "middle", class: "clock-peak" }, String(peak)),
    text(130, 154, "o’clock"));
}

// A day in lanes: when each of the three most played was heard.
function lane(minutes) {
  return s("svg", { viewBox: "0 0 1440 26", preserveAspectRatio: "none", class: "lane" },
    s("path", { class: "ink-strong", d: minutes.map((minute) => `M${minute} 2h5v22h-5z`).join("") }));
}

// The share of a span that is known, gaps hatched.
function band(from, to) {
  const width = 1088;
  const long = to - from;
  const gaps = archive.gaps.filter((gap) => !gap.closed && gap.to > from && gap.from < to);
  return s("svg", { viewBox: `0 0 ${width} 30`, preserveAspectRatio: "none", class: "band" },
    s("rect", { class: "ink-strong", x: 0, y: 0, width, height: 30 }),
    gaps.map((gap) => {
      const start = Math.max(gap.from, from);
      const x = ((start - from) / long) * width;
      const wide = Math.max(4, ((Math.min(gap.to, to) - start) / long) * width);
      return [s("rect", { class: "gap-ground", x: round(x), y: 0, width: round(wide), height: 30 }),
        s("rect", { class: "gap", x: round(x), y: 0, width: round(wide), height: 30, fill: HATCH })];
    }));
}
