"""The figures of the operations page: value, what it is made of, target, line and list."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from audiospective.models.counters import Counter
from audiospective.operations.overview import database_size, mail, queues
from audiospective.policy import histograms
from audiospective.policy.ops_windows import Window
from audiospective.policy.storage import MB
from audiospective.web.ops import lines
from audiospective.web.ops.lines import Line

NO_DATA = "no data"
ANSWERED = ("polls:ok", "polls:empty")
ANSWER_TARGET, P95_TARGET, RETRY_TARGET, QUEUE_TARGET, MAIL_TARGET = 0.99, 5.0, 0.05, 60.0, 0.97

Sums = Mapping[str, int]
Share = tuple[float, float]  # numerator, denominator


@dataclass(frozen=True)
class Row:
    """One step of time in the list behind a figure."""

    at: datetime
    value: str
    made_of: str


@dataclass(frozen=True)
class Figure:
    """`good`: whether the target is met, None where there is none or no value."""

    key: str
    name: str
    value: str
    unit: str
    made_of: str
    target: str
    good: bool | None
    line: Line
    rows: tuple[Row, ...] = ()


@dataclass(frozen=True)
class Measured:
    """What was counted in a window, as statements gave it."""

    window: Window
    begin: datetime
    steps: Sequence[Sums]
    mail: mail.Mail
    queues: queues.Queues | None
    room: database_size.Room
    marks: tuple[float, ...]

    @property
    def sums(self) -> dict[str, int]:
        found: dict[str, int] = {}
        for step in self.steps:
            for name, count in step.items():
                found[name] = found.get(name, 0) + count
        return found


def counted(window: Window, now: datetime) -> tuple[datetime, list[Sums]]:
    """(beginning, sums of each step); one statement."""
    begin = window.begins(now)
    found = Counter.series(begin, window.step)
    return begin, [found.get(step, {}) for step in range(window.steps)]


def every(found: Measured) -> list[Figure]:
    """All figures in their order."""
    return [
        _polls(found), _duration(found), _retries(found), _skipped(found), _calls(found),
        _queue(found), _mail(found), _storage(found),
    ]  # fmt: skip


def polls(sums: Sums) -> Share:
    made = sum(count for name, count in sums.items() if name.startswith("polls:"))
    return sum(sums.get(name, 0) for name in ANSWERED), made


def _polls(found: Measured) -> Figure:
    return _share(found, "polls", "Polls answered", polls, ANSWER_TARGET, "at least 99 %",
                  least=True, low=0.9)  # fmt: skip


def _retries(found: Measured) -> Figure:
    def share(sums: Sums) -> Share:
        return sums.get("retries", 0), sums.get("calls", 0)

    return _share(found, "retries", "Requests tried again", share, RETRY_TARGET, "under 5 %")


def _skipped(found: Measured) -> Figure:
    def share(sums: Sums) -> Share:
        return sums.get("hits", 0), sums.get("hits", 0) + polls(sums)[1]

    return _share(found, "skipped", "Repeats skipped", share, None, "no target: each saves a call")


def _share(
    found: Measured, key: str, name: str, share: Callable[[Sums], Share], target: float | None,
    words: str, *, least: bool = False, low: float = 0.0,
) -> Figure:  # fmt: skip
    part, whole = share(found.sums)
    each = [share(step) for step in found.steps]
    values = [one / of if of else None for one, of in each]
    if least:
        low = min([low, *(one for one in values if one is not None)])
    good = None
    if whole and target is not None:
        good = part / whole >= target if least else part / whole <= target
    return Figure(
        key, name, percent(part, whole), "%" if whole else "", f"{part:,} of {whole:,}",
        words, good,
        lines.of(values, target=target, low=low, marks=found.marks),
        _rows(found, [(percent(one, of, sign=True), f"{one:,} of {of:,}") for one, of in each]),
    )  # fmt: skip


def _duration(found: Measured) -> Figure:
    p95, mean = _times(found.sums)
    each = [_times(step) for step in found.steps]
    count = polls(found.sums)[1]
    return Figure(
        "duration", "A poll takes, p95", seconds(p95), "s" if p95 is not None else "",
        f"mean {seconds(mean)} s, {count:,} polls" if mean is not None else "0 polls",
        "under 5 s", None if p95 is None else p95 < P95_TARGET,
        lines.of([one for one, _ in each], target=P95_TARGET, marks=found.marks),
        _rows(found, [(f"{seconds(one)} s" if one is not None else NO_DATA,
                       f"mean {seconds(two)} s" if two is not None else "0 polls")
                      for one, two in each]),
    )  # fmt: skip


def _times(sums: Sums) -> tuple[float | None, float | None]:
    """(p95, mean) in seconds."""
    buckets = histograms.histogram(sums)
    total = sum(count for _, count in buckets)
    mean = sums.get("poll_ms", 0) / 1000 / total if total else None
    return histograms.quantile(0.95, buckets), mean


def _calls(found: Measured) -> Figure:
    sums = found.sums
    calls, rate, quota = (
        sums.get(name, 0) for name in ("calls", "limits:rate_limit", "limits:quota")
    )
    return Figure(
        "calls", "Requests to Spotify", f"{calls:,}" if calls else NO_DATA, "",
        f"429s: {rate:,}, quota: {quota:,}", "no 429", None if not calls else not rate + quota,
        lines.of([step.get("calls", 0) for step in found.steps], marks=found.marks),
        _rows(found, [_asked(step) for step in found.steps]),
    )  # fmt: skip


def _asked(step: Sums) -> tuple[str, str]:
    rate, quota = step.get("limits:rate_limit", 0), step.get("limits:quota", 0)
    return f"{step.get('calls', 0):,}", f"429s: {rate:,}, quota: {quota:,}"


def _queue(found: Measured) -> Figure:
    each = [
        step.get("queue:ms", 0) / 1000 / step["queue:looks"] if step.get("queue:looks") else None
        for step in found.steps
    ]
    looks = [f"{step.get('queue:looks', 0):,} looks" for step in found.steps]
    ages = [f"{seconds(age)} s" if age is not None else NO_DATA for age in each]
    rows = _rows(found, list(zip(ages, looks, strict=True)))
    line = lines.of(each, target=QUEUE_TARGET, marks=found.marks)
    words = "under 60 s"
    if found.queues is None:
        return Figure("queue", "Oldest job", NO_DATA, "", "Redis does not answer", words, False,
                      line, rows)  # fmt: skip
    oldest = found.queues.oldest
    age = (oldest.oldest if oldest else None) or timedelta()
    return Figure(
        "queue", "Oldest job", seconds(age.total_seconds()), "s", f"{found.queues.jobs:,} waiting",
        words, age.total_seconds() <= QUEUE_TARGET, line, rows,
    )  # fmt: skip


def _mail(found: Measured) -> Figure:
    sent, whole = mail.settled(found.mail.by_status)
    each = [mail.settled(found.mail.by_step.get(step, {})) for step in range(found.window.steps)]
    values = [one / of if of else None for one, of in each]
    low = min([0.9, *(one for one in values if one is not None)])
    return Figure(
        "mail", "E-mails accepted", percent(sent, whole), "%" if whole else "",
        f"{sent:,} of {whole:,}", "at least 97 %", sent / whole >= MAIL_TARGET if whole else None,
        lines.of(values, target=MAIL_TARGET, low=low, marks=found.marks),
        _rows(found, [(percent(one, of, sign=True), f"{one:,} of {of:,}") for one, of in each]),
    )  # fmt: skip


def _storage(found: Measured) -> Figure:
    kept = found.room
    value, unit = size(kept.size)
    grows = "" if kept.a_day is None else f", {kept.a_day / MB:+,.2f} MB a day"
    return Figure(
        "storage", "Stored", value, unit, f"{100 * kept.size / kept.budget:,.0f} % used{grows}",
        f"budget {' '.join(size(kept.budget))}", kept.size < 0.8 * kept.budget,
        lines.of([float(bytes_) for _, bytes_ in kept.days]),
        tuple(Row(datetime.fromisoformat(day).astimezone(), " ".join(size(bytes_)), "")
              for day, bytes_ in reversed(kept.days)),
    )  # fmt: skip


def _rows(found: Measured, each: Sequence[tuple[str, str]]) -> tuple[Row, ...]:
    """Newest first."""
    rows = [
        Row(found.begin + place * found.window.step, value, made_of)
        for place, (value, made_of) in enumerate(each)
    ]
    return tuple(reversed(rows))


def percent(part: float, whole: float, *, sign: bool = False) -> str:
    """`99.3`, or `no data` for nothing of nothing."""
    if not whole:
        return NO_DATA
    return f"{100 * part / whole:.1f}" + (" %" if sign else "")


def seconds(value: float | None) -> str:
    if value is None:
        return NO_DATA
    return (
        f"{value:,.0f}" if value >= 10 else f"{value:.1f}" if value >= 0.1 or not value else "<0.1"
    )


def size(count: float) -> tuple[str, str]:
    return (
        (f"{count / MB:,.1f}", "MB") if count < 1000 * MB else (f"{count / 1000 / MB:,.1f}", "GB")
    )
