// Elements without HTML text: names from the archive are only ever text.

const SVG = "http://www.w3.org/2000/svg";

function build(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  for (const child of children.flat(Infinity)) {
    if (child !== undefined && child !== null && child !== false) element.append(child);
  }
  return element;
}

function h(tag, attributes, ...children) {
  return build(document.createElement(tag), attributes, children);
}

function s(tag, attributes, ...children) {
  return build(document.createElementNS(SVG, tag), attributes, children);
}

// A name in whatever script it has, cut by CSS where a list needs it; the whole of it in the title.
function nameOf(text, cut) {
  const shown = text || "Not known";
  return h("bdi", { dir: "auto", class: text ? "" : "muted", title: cut ? shown : null }, shown);
}

function link(href, ...children) {
  return h("a", { href }, ...children);
}

function section(title, aside, ...children) {
  const id = "s" + ++section.count;
  return h(
    "section", { class: "part", "aria-labelledby": id },
    h("div", { class: "part-head" }, h("h2", { id }, title), aside && h("p", { class: "label" }, aside)),
    ...children,
  );
}
section.count = 0;

// A chart with its finding and the numbers behind it.
function figure(drawing, label, header, rows) {
  drawing.setAttribute("role", "img"); // a drawing may be two, side by side
  drawing.setAttribute("aria-label", label);
  return h("figure", null, drawing, asTable(header, rows));
}

function asTable(header, rows) {
  const details = h("details", { class: "as-table" }, h("summary", null, "Show as table"));
  // Made when it is opened: a year has 365 rows.
  details.addEventListener("toggle", () => {
    if (details.children.length > 1) return;
    details.append(h(
      "div", { class: "table-scroll" },
      h("table", { class: "table" },
        h("thead", null, h("tr", null, header.map((text) => h("th", { scope: "col" }, text)))),
        h("tbody", null, rows().map((row) => h("tr", null, row.map((cell, at) =>
          at ? h("td", { class: "number" }, cell) : h("th", { scope: "row" }, cell)))))),
    ));
  });
  return details;
}
