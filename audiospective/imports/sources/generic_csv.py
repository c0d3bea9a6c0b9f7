"""Any table with a time and a title: columns guessed, units and dates decided by whole columns."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any

from audiospective.imports.errors import NotHistoryError, RefusedError
from audiospective.imports.plays import SECOND, Batch, Broken
from audiospective.imports.reading import own_files, tables, times, written_times
from audiospective.imports.reading.gathering import Gathering
from audiospective.imports.reading.values import isrc, milliseconds, number, spotify_id, text, uuid
from audiospective.imports.sources import by_row
from audiospective.imports.sources import csv_columns as columns
from audiospective.imports.sources.base import ZONE, Answers, Examined, File, Peek, Verdict
from audiospective.imports.survey import Question
from audiospective.policy import own_rows

_NAMES = (".csv", ".tsv", ".tab", ".txt")
_SAMPLE = 5
_SHOWN = 80  # characters of a value
_UNITS = 20_000  # values from which the unit of a length is decided


def sniff(peek: Peek) -> Verdict | None:
    """By its columns; a loose table of any columns last of all, for the person to say."""
    found = columns.guess(peek.header)
    if peek.header and not columns.missing(found):
        return Verdict(30)
    loose = "/" not in peek.name and peek.basename.lower().endswith(_NAMES)
    return Verdict(5) if loose and len(set(peek.header)) > 1 and len(peek.lines) > 1 else None


def examine(file: File, answers: Answers) -> Examined:
    """The guess or what was answered, five rows read so, and what only the person knows."""
    plan = _Plan.of(file, answers)
    questions = []
    if wanted := columns.missing(plan.mapping):
        sentence = f"Which columns are {' and '.join(_WORDS[one] for one in wanted)}?"
        questions.append(Question("mapping", sentence, tuple(plan.header)))
    if plan.undecided:
        sentence = f"Is {plan.example} written with the day or with the month first?"
        questions.append(Question("day_first", sentence, ("day", "month")))
    if plan.zoneless:
        questions.append(ZONE)
    read_so = _samples(file, plan) if not wanted else _as_written(file)
    sample = tuple(islice(read_so, _SAMPLE))
    return Examined(tuple(questions), plan.mapping, sample, tuple(plan.header))


def read(files: Sequence[File], answers: Answers) -> Iterator[Batch | Broken]:
    """Every row of every table whose columns are known."""
    for file in files:
        try:
            plan = _Plan.of(file, answers)
            if wanted := columns.missing(plan.mapping):
                words = " and ".join(_WORDS[one] for one in wanted)
                raise NotHistoryError(f"It is not said which columns are {words}.")
        except RefusedError as error:
            yield Broken(file.number, error.sentence)
            continue

        def take(
            gathering: Gathering, number: int, row: Mapping[str, Any], plan: _Plan = plan
        ) -> None:
            if plan.is_ours(row):
                gathering.note(own_files.NOTE)
            gathering.identified(number, row, plan.facts(row))

        known = set(plan.mapping.values())
        yield from by_row.read([file], answers, known, _rows, take)


_WORDS = {"started_at": "the time", "title": "the title"}


@dataclass(frozen=True)
class _Plan:
    """How one table is read."""

    header: list[str]
    mapping: dict[str, str]
    day_first: bool | None
    example: str
    zoneless: bool
    undecided: bool  # whether every date of the column could be read both ways
    units: dict[str, int]
    answers: Answers

    @classmethod
    def of(cls, file: File, answers: Answers) -> _Plan:
        """From what was answered and from one look at all rows."""
        header = _header(file)
        mapping = columns.guess(header)
        said = answers.mapping.get(file.peek.name)
        if said:
            mapping = columns.chosen(header, said)
        dates, example = written_times.Column(), ""
        lengths: dict[str, list[float]] = {"ms_played": [], "length_ms": []}
        for _, row in _rows(file):
            if not isinstance(row, Mapping):
                continue
            written = _written(mapping, row)
            dates.add(written)
            example = example or written
            for name, found in lengths.items():
                value = number(row.get(mapping.get(name, "")))
                if value is not None and value > 0 and len(found) < _UNITS:
                    found.append(value)
        name = columns.plain(mapping.get("started_at") or mapping.get("ended_at") or "")
        return cls(
            header,
            mapping,
            dates.is_day_first if answers.day_first is None else answers.day_first,
            example,
            bool(dates.zoneless) and "utc" not in name and "gmt" not in name,
            dates.is_day_first is None,
            {one: _unit(mapping.get(one, ""), found) for one, found in lengths.items()},
            answers,
        )

    def facts(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """What a row says, in our columns."""

        def value(name: str) -> Any:
            return row.get(self.mapping.get(name, ""))

        zone = times.zone(self.answers.zone) if self.zoneless else None
        # Undecided dates are read with the day first, as most of the world writes them.
        found = written_times.read(_written(self.mapping, row), self.day_first is not False, zone)
        at = "ended_at" if "ended_at" in self.mapping else "started_at"
        facts = {
            at: found.instant if found else None,
            "precision": found.precision if found else SECOND,
            "zone_known": bool(found and found.zone_known) or not self.zoneless,
            "spotify_id": spotify_id(value("spotify_id")),
            "isrc": isrc(value("isrc")),
            "mbid": uuid(value("mbid")),
            "ms_played": _length(value("ms_played"), self.units["ms_played"]),
            "length_ms": _length(value("length_ms"), self.units["length_ms"]) or None,
        }
        names = ("title", "artist", "album", "album_artist", "show", "platform")
        told = {name: _unquoted(text(value(name))) for name in names}
        return facts | told | {"platform": own_rows.platform(told["platform"])}

    def is_ours(self, row: Mapping[str, Any]) -> bool:
        """Whether an archive like this one wrote the row: in Spotify's form, before it was this."""
        told = text(row.get(self.mapping.get("platform", "")))
        return own_rows.platform(told) != told


def _header(file: File) -> list[str]:
    with file.open() as stream:
        names, _ = tables.table(stream, ("#",))
    return _distinct(names)


def _rows(file: File) -> by_row.Rows:
    """Rows by column name as written; a table without a header has numbered columns."""
    with file.open() as stream:
        names, rows = tables.table(stream, ("#",))
        distinct = _distinct(names)
        if distinct != names and _headless(names):
            rows = chain([tables.Row(1, "", names)], rows)
        yield from by_row.named(distinct, rows)


def _distinct(names: Sequence[str]) -> list[str]:
    """Names of columns, each once."""
    if _headless(names):
        return [f"Column {number}" for number in range(1, len(names) + 1)]
    found: list[str] = []
    for name in names:
        same = sum(one == name for one in names[: len(found)])
        found.append(f"{name} ({same + 1})" if same or not name else name)
    return found


def _headless(names: Sequence[str]) -> bool:
    """A name that is a time is no name."""
    return any(written_times.read(name, True, None) for name in names)


def _written(mapping: Mapping[str, str], row: Mapping[str, Any]) -> str:
    """The time as it is written, of a date and a clock in two columns too."""
    date = row.get(mapping.get("started_at") or mapping.get("ended_at") or "") or ""
    clock = row.get(mapping.get("clock", "")) or ""
    return f"{date} {clock}".strip()


def _unquoted(name: str | None) -> str | None:
    """Without the quote by which programs keep Excel from taking a text for a formula."""
    return name[1:] if name and name[:1] == "'" and name[1:2] in "=+-@" else name


def _unit(name: str, values: Sequence[float]) -> int:
    """Milliseconds of one: by the column's name, else by the middle value."""
    plain = columns.plain(name)
    if plain.endswith(("ms", "milliseconds", "millis")) or plain.startswith("ms"):
        return 1
    if plain.endswith(("seconds", "secs", "sec")) or plain.startswith("seconds"):
        return SECOND
    return 1 if values and statistics.median(values) > 1_000 else SECOND


def _length(value: object, unit: int) -> int | None:
    """A number of `unit`, or minutes and seconds."""
    if isinstance(value, str) and ":" in value:
        parts = [number(part) for part in value.split(":")]
        if len(parts) > 3 or None in parts:
            return None
        seconds = 0.0
        for part in parts:
            seconds = seconds * 60 + (part or 0)
        return milliseconds(seconds, SECOND)
    return milliseconds(value, unit)


def _as_written(file: File) -> Iterator[Mapping[str, str]]:
    """Rows as they stand in the file, for whoever has to say which column is what."""
    for _, row in _rows(file):
        if isinstance(row, Mapping):
            yield {name: (text(value) or "")[:_SHOWN] for name, value in row.items()}


def _samples(file: File, plan: _Plan) -> Iterator[Mapping[str, str]]:
    for _, row in _rows(file):
        if isinstance(row, Mapping):
            facts = plan.facts(row)
            at = facts.get("started_at") or facts.get("ended_at")
            names = ("title", "artist", "album")
            yield {"time": times.shown(at), **{name: facts[name] or "" for name in names}}
