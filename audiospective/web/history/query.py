"""What an address of the history asks for: its filters as typed, as values, and as links."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from urllib.parse import urlencode

from audiospective import clock
from audiospective.history.search import Wanted
from audiospective.models.plays import FROM_BOTH, FROM_IMPORT, FROM_POLL, SENT_LIVE
from audiospective.policy import calendar, folding

LONGEST = 200  # characters of a text
MOST_WORDS = 12
SOURCES = {"poll": FROM_POLL, "file": FROM_IMPORT, "both": FROM_BOTH}
SENT = "player"
SOURCE_WORDS = {
    "poll": "Seen by a check",
    "file": "Told by a file or a player",
    SENT: "Sent by a player",
    "both": "Known from both",
}
CONTEXTS = {
    "playlist": "A playlist",
    "album": "An album",
    "artist": "An artist’s page",
    "collection": "Liked songs",
    "show": "A podcast",
    "unknown": "Not known",
}
LEAST = {"30": "30 seconds or more", "60": "1 minute or more", "180": "3 minutes or more",
         "600": "10 minutes or more"}  # fmt: skip
SKIPPED = {"no": "Not skipped", "yes": "Skipped"}
FIELDS = ("q", "artist", "album", "from", "to", "source", "context", "least", "skipped",
          "artist_id", "album_id", "track_id")  # fmt: skip
NUMBERS = ("artist_id", "album_id", "track_id", "least")
_SOONEST, _LATEST = date(1, 1, 3), date(9999, 12, 29)  # which are days in every zone
_INSTANTS = (-62_135_424_000_000, 253_402_128_000_000)  # ms that are dates in every zone
_URI = re.compile(r"spotify:[A-Za-z0-9:_.%-]{1,150}")
_PERIOD = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?", re.ASCII)


@dataclass(frozen=True)
class Asked:
    """Filters of one request; `values` are valid ones by name, `errors` sentences by field."""

    values: Mapping[str, str]
    errors: Mapping[str, str] = field(default_factory=dict)
    swapped: bool = False

    def get(self, name: str) -> str:
        return self.values.get(name, "")

    @property
    def is_filtered(self) -> bool:
        return bool(self.values)

    @property
    def days(self) -> tuple[date | None, date | None]:
        first, last = self.get("from"), self.get("to")
        return (
            date.fromisoformat(first) if first and "from" not in self.errors else None,
            date.fromisoformat(last) if last and "to" not in self.errors else None,
        )

    def wanted(self, zone: str) -> Wanted:
        """The same for a search, in the reader's zone."""
        first, last = self.days
        number = {name: int(self.get(name)) for name in NUMBERS if self.get(name)}
        context = self.get("context") or None
        return Wanted(
            start=clock.to_ms(calendar.midnight(zone, first)) if first else None,
            end=clock.to_ms(calendar.day(zone, last)[1]) if last else None,
            words=_words(self.get("q")),
            artist_words=_words(self.get("artist")),
            album_words=_words(self.get("album")),
            track=number.get("track_id"),
            artist=number.get("artist_id"),
            album=number.get("album_id"),
            source=SOURCES.get(self.get("source")),
            seen=SENT_LIVE if self.get("source") == SENT else None,
            context="" if context == "unknown" else context,
            least=number["least"] * 1000 if "least" in number else None,
            skipped={"yes": True, "no": False}.get(self.get("skipped")),
        )

    def query(self, without: str = "", **more: str) -> str:
        """The filters as a query, with `?`; empty if there are none."""
        kept = {name: value for name, value in self.values.items() if name != without}
        parts = urlencode({**kept, **more})
        return f"?{parts}" if parts else ""


def read(args: Mapping[str, str]) -> Asked:
    """The filters of a query; what cannot be chosen is left out, a bad date is told."""
    values: dict[str, str] = {}
    errors: dict[str, str] = {}
    for name in FIELDS:
        text = args.get(name, "").replace("\0", "").strip()[:LONGEST]
        if not text:
            continue
        if name in ("from", "to") and _day(text) is None:
            errors[name] = f"Enter a date such as 2026-11-27, not “{text}”."
        if name in ("from", "to") or _is_possible(name, text):
            values[name] = text
    swapped = not errors and "" < values.get("to", "") < values.get("from", "")
    if swapped:
        values["from"], values["to"] = values["to"], values["from"]
    return Asked(values, errors, swapped)


def period(text: str) -> tuple[date, date] | None:
    """First and last day of `2026`, `2026-11` or `2026-11-27`; None for anything else."""
    found = _PERIOD.fullmatch(text)
    if found is None:
        return None
    year, month, day = (int(part) if part else None for part in found.groups())
    try:
        first = date(year or 0, month or 1, day or 1)
    except ValueError:
        return None
    last = first if day else _month_end(first) if month else date(first.year, 12, 31)
    first, last = max(first, _SOONEST), min(last, _LATEST)
    return (first, last) if first <= last else None


def within(asked: Asked, days: tuple[date, date]) -> Asked:
    """The same filters for a period."""
    first, last = (day.isoformat() for day in days)
    errors = {name: said for name, said in asked.errors.items() if name not in ("from", "to")}
    return replace(asked, values={**asked.values, "from": first, "to": last}, errors=errors)


def key(text: str | None) -> tuple[int, int] | None:
    """A play's key as it stands in addresses, `1767225600000-7`; None if it is none."""
    found = re.fullmatch(r"(-?\d{1,15})-(\d{1,9})", text or "", re.ASCII)
    if found is None or not _INSTANTS[0] <= int(found[1]) < _INSTANTS[1]:
        return None
    return int(found[1]), int(found[2])


def _is_possible(name: str, text: str) -> bool:
    if name in ("q", "artist", "album"):
        return bool(folding.fold(text))
    if name == "context":
        return text in CONTEXTS or bool(_URI.fullmatch(text))
    if name in ("artist_id", "album_id", "track_id"):
        return text.isascii() and text.isdigit() and len(text) < 10
    return text in {"source": [*SOURCE_WORDS], "least": [*LEAST], "skipped": [*SKIPPED]}[name]


def _day(text: str) -> date | None:
    try:
        found = date.fromisoformat(text) if len(text) == 10 else None
    except ValueError:
        return None
    return found if found and _SOONEST <= found <= _LATEST else None


def _month_end(first: date) -> date:
    return first.replace(day=monthrange(first.year, first.month)[1])


def _words(text: str) -> tuple[str, ...]:
    return tuple(folding.words(text)[:MOST_WORDS])
