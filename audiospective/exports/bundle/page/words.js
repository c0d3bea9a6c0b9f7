// Numbers, days and durations in words; days are numbers counted from 1970-01-01 in local time.

const MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August",
  "September", "October", "November", "December"];
const WEEKDAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const DAY = 86400000;

function number(value) {
  return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, ",");
}

function plural(count, one, many) {
  return number(count) + "\u00a0" + (count === 1 ? one : many || one + "s");
}

function parts(day) {
  const date = new Date(day * DAY);
  return [date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()];
}

function dayOf(year, month, date) {
  return Date.UTC(year, month, date) / DAY;
}

function weekday(day) {
  return new Date(day * DAY).getUTCDay();
}

function longDay(day) {
  const [year, month, date] = parts(day);
  return date + "\u00a0" + MONTHS[month] + "\u00a0" + year;
}

function shortDay(day, withYear) {
  const [year, month, date] = parts(day);
  return date + "\u00a0" + MONTHS[month].slice(0, 3) + (withYear ? "\u00a0" + year : "");
}

function dayWithName(day) {
  const [year, month, date] = parts(day);
  return WEEKDAYS[weekday(day)] + ", " + date + " " + MONTHS[month] + " " + year;
}

function isoDay(day) {
  return new Date(day * DAY).toISOString().slice(0, 10);
}

function fromIso(text) {
  return /^\d{4}-\d{2}-\d{2}$/.test(text || "") ? Date.parse(text + "T00:00:00Z") / DAY : NaN;
}

function two(value) {
  return String(value).padStart(2, "0");
}

function clockTime(minute) {
  return two(Math.floor(minute / 60)) + ":" + two(minute % 60);
}

function length(ms) {
  const seconds = Math.round(ms / 1000);
  const rest = two(seconds % 60);
  if (seconds < 3600) return Math.floor(seconds / 60) + ":" + rest;
  return Math.floor(seconds / 3600) + ":" + two(Math.floor(seconds / 60) % 60) + ":" + rest;
}

function hours(ms) {
  return number(ms / 3600000);
}

// As exact as anybody wants to know: `45 min`, `13 h 20 min`, `831 h`.
function duration(ms) {
  const minutes = Math.round(ms / 60000);
  if (minutes < 60) return minutes || !ms ? minutes + "\u00a0min" : "under a minute";
  if (minutes >= 6000) return number(minutes / 60) + "\u00a0h";
  const rest = minutes % 60;
  return Math.floor(minutes / 60) + "\u00a0h" + (rest ? " " + rest + "\u00a0min" : "");
}

// What figures add up, with its unit, as a bare number, and the word above a column of it.
function amountWords(value) {
  return archive.byTime ? duration(value) : plural(value, "play");
}

function amountNumber(value) {
  return archive.byTime ? duration(value) : number(value);
}

function amountName() {
  return archive.byTime ? "Time" : "Plays";
}

function percent(share) {
  // Never 100 % as long as something is missing, never 0 % while there is something.
  const tenths = share < 1 ? Math.min(999, Math.floor(share * 1000)) || Math.ceil(share) : 1000;
  return (tenths / 10).toString();
}

function fold(text) {
  return text.normalize("NFKD").replace(/\p{M}+/gu, "").toLowerCase();
}
