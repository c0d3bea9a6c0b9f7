"""Ranked lists: the artists, albums and tracks that were heard most."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from audiospective.policy import in_words
from audiospective.policy.counting import Counting
from audiospective.policy.in_words import plural
from audiospective.stats.rankings import Place
from audiospective.web.figures.lines import Line, Lines, Wanted

KINDS = ("artist", "album", "track")
TITLES = {"artist": "Artists", "album": "Albums", "track": "Tracks"}


@dataclass(frozen=True)
class Ranked:
    """One line: `value` and `note` in words; `move` is how it moved, `moved` the same in words."""

    rank: int
    line: Line
    value: str
    note: str
    move: str
    moved: str


@dataclass(frozen=True)
class RankedList:
    """One list; `total` is how many there are in all."""

    kind: str
    title: str
    total: int
    rows: tuple[Ranked, ...]


def collect(wanted: Wanted, kind: str, places: Sequence[Place]) -> None:
    """Note which names a ranked list needs."""
    wanted.add(kind, (place.one for place in places))
    wanted.add("track", (place.track for place in places))
    if kind == "album":
        wanted.add("artist", (place.artist for place in places))


def of(
    kind: str,
    places: Sequence[Place],
    total: int,
    lines: Lines,
    counting: Counting,
    *,
    moves: bool,
) -> RankedList:
    """`moves`: there is a span before to compare with."""
    return RankedList(
        kind,
        TITLES[kind],
        total,
        tuple(_ranked(kind, place, lines, counting, moves=moves) for place in places),
    )


def line(kind: str, place: Place, lines: Lines) -> Line:
    """The line of a place."""
    if kind == "artist":
        return lines.artist(place.one, place.track)
    return lines.album(place.one, place.artist) if kind == "album" else lines.track(place.one)


def _ranked(kind: str, place: Place, lines: Lines, counting: Counting, *, moves: bool) -> Ranked:
    move, moved = _moved(place) if moves else ("", "")
    value = in_words.duration(place.amount) if counting.by_time else f"{place.amount:,}"
    other = plural(place.plays, "play") if counting.by_time else in_words.duration(place.heard)
    note = other if kind == "track" else f"{plural(place.tracks, 'track')}, {other}"
    return Ranked(place.rank, line(kind, place, lines), value, note, move, moved)


def _moved(place: Place) -> tuple[str, str]:
    if place.new:
        return "new", "never heard before"
    if place.was is None:
        return "back", "not heard in the period before"
    steps = place.was - place.rank
    if steps == 0:
        return "=", "same place as before"
    where = "up" if steps > 0 else "down"
    return f"{'▲' if steps > 0 else '▼'}{abs(steps)}", f"{where} {plural(abs(steps), 'place')}"
