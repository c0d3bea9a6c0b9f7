// Addresses after the # and what they show; the overview is in the page itself.

const overview = document.getElementById("overview");
const view = document.getElementById("view");
const waitingLine = document.getElementById("opening");
const ownTitle = document.title;

function route() {
  const [path, query] = location.hash.replace(/^#\/?/, "").split("?");
  const [what, one, two_] = path.split("/").map(decodeURIComponent);
  if (!what || what === "gaps") return null;
  if (what === "history") return historyView(new URLSearchParams(query || ""));
  if (!archive.statistics) return nowhere();
  if (what === "top" && KINDS[one]) return topView(one, two_ || "all");
  if (what === "year" && /^\d{4}$/.test(one)) return yearView(Number(one));
  if (KINDS[what] && /^\d+$/.test(one)) return itemView(what, Number(one));
  return nowhere();
}

let shown = false;

function isHistory() {
  const path = location.hash.replace(/^#\/?/, "").split("?")[0];
  return !path || path === "gaps" || path === "history";
}

async function show() {
  const address = location.hash;
  if (!archive.heard && !isHistory()) {
    waitingLine.hidden = false;
    await archive.whole;
    waitingLine.hidden = true;
    if (location.hash !== address) return; // somebody has gone on; that view shows itself
  }
  const found = route();
  overview.hidden = found !== null;
  view.hidden = found === null;
  document.title = found ? found.title + " · " + ownTitle : ownTitle;
  const current = "#/" + location.hash.replace(/^#\/?/, "").split(/[?/]/)[0];
  for (const anchor of document.querySelectorAll("header nav a")) {
    const here = anchor.getAttribute("href").split("/").slice(0, 2).join("/") === current;
    if (here) anchor.setAttribute("aria-current", "page");
    else anchor.removeAttribute("aria-current");
  }
  view.replaceChildren(...(found ? found.view.flat(Infinity).filter(Boolean) : []));
  if (found && shown) {
    scrollTo(0, 0);
    (found.focus || view.querySelector("h1")).focus();
  }
  if (!found) {
    if (current === "#/gaps") document.getElementById("gaps").scrollIntoView();
    else if (shown) scrollTo(0, 0);
  }
  shown = true;
  view.dataset.shown = address;
}

function theme() {
  const buttons = document.querySelectorAll("[data-choose]");
  for (const button of buttons) {
    button.addEventListener("click", () => {
      const chosen = button.dataset.choose;
      if (chosen === "system") delete document.documentElement.dataset.theme;
      else document.documentElement.dataset.theme = chosen;
      for (const other of buttons) other.setAttribute("aria-pressed", other === button);
    });
  }
}

async function start() {
  theme();
  const meta = JSON.parse(block("meta"));
  document.getElementById("script-needed").hidden = true;
  waitingLine.textContent = "Opening " + number(meta.plays) + " plays…";
  waitingLine.hidden = false;
  await new Promise((painted) => requestAnimationFrame(() => setTimeout(painted)));
  try {
    await open(meta, playsIn(meta));
  } catch (error) {
    waitingLine.textContent = "The plays in this page cannot be read (" + error.message +
      "). The files beside it hold the same: see the list below.";
    return;
  }
  document.documentElement.classList.add("opened");
  for (const element of document.querySelectorAll("[data-needs-script]")) element.hidden = false;
  waitingLine.hidden = true;
  addEventListener("hashchange", show);
  addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input, textarea, select")) return;
    event.preventDefault();
    if (view.querySelector("#q")) view.querySelector("#q").focus();
    else location.hash = "#/history?q=&typing=1";
  });
  await show();
}

// The plays in pieces: one in the page, or a file for each year beside it. Of each piece the part
// that is needed first, what gives the other part, and the number of its plays.
function playsIn(meta) {
  return async function* pieces() {
    if (!meta.files.length) {
      yield [block("plays"), () => block("more"), meta.plays];
      return;
    }
    let done = 0;
    for (const [file, rows] of meta.files) {
      waitingLine.textContent = "Opening " + file + ", " + number(done) + " of " + number(meta.plays) + " plays…";
      const [first, more] = await dataFile(file);
      yield [first, () => more, rows];
      done += rows;
    }
  };
}

function dataFile(file) {
  return new Promise((done, failed) => {
    globalThis.audiospectiveData = (first, more) => done([first, more]);
    const script = document.createElement("script");
    script.src = file;
    script.onerror = () => failed(new Error(file + " is not beside this page"));
    script.onload = () => script.remove();
    document.head.append(script);
  });
}

start();
