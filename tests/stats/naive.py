"""Every figure once more, in plain Python over a list of plays: slow, obvious, and independent."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

SILENCE = timedelta(days=180)


@dataclass(frozen=True)
class Song:
    """A track of the test's catalog: `artists` in order, `length` in ms or unknown."""

    track: int
    album: int | None
    artists: tuple[int, ...]
    length: int | None
    released: str | None = None


@dataclass(frozen=True)
class Heard:
    """A play as the archive stores it."""

    at: datetime  # its end, UTC
    song: Song
    ms: int | None
    skipped: bool | None = None
    reason_end: str | None = None

    def local(self, zone: str) -> datetime:
        return self.at.astimezone(ZoneInfo(zone)).replace(tzinfo=None)

    @property
    def length(self) -> int:
        return self.ms if self.ms is not None else self.song.length or 0


class Naive:
    """The figures of plays (in order) in a zone; `by_time` sums lengths instead of plays."""

    def __init__(self, plays: Sequence[Heard], zone: str, *, by_time: bool) -> None:
        self.plays = plays
        self.zone = zone
        self.by_time = by_time

    def day(self, play: Heard) -> date:
        return play.local(self.zone).date()

    def amount(self, play: Heard) -> int:
        return play.length if self.by_time else 1

    def within(self, first: date, last: date) -> list[Heard]:
        return [play for play in self.plays if first <= self.day(play) <= last]

    def keys(self, play: Heard, kind: str) -> Iterable[int]:
        if kind == "track":
            return [play.song.track]
        if kind == "album":
            return [play.song.album] if play.song.album is not None else []
        return play.song.artists

    def ranked(self, plays: Iterable[Heard], kind: str) -> list[tuple[int, int, int]]:
        """(id, plays, amount), most first, of equals what was heard first, then the lower id."""
        counts: Counter[int] = Counter()
        amounts: Counter[int] = Counter()
        first: dict[int, datetime] = {}
        for play in plays:
            for key in self.keys(play, kind):
                counts[key] += 1
                amounts[key] += self.amount(play)
                first.setdefault(key, play.at)
        order = sorted(counts, key=lambda key: (-amounts[key], first[key], key))
        return [(key, counts[key], amounts[key]) for key in order]

    def places(self, kind: str, first: date, last: date, before: tuple[date, date]) -> list[Any]:
        """(id, plays, amount, rank before, never heard before)."""
        was = {row[0]: n for n, row in enumerate(self.ranked(self.within(*before), kind), 1)}
        known = {
            key for play in self.plays if self.day(play) < first for key in self.keys(play, kind)
        }
        return [
            (*row, was.get(row[0]), row[0] not in known)
            for row in self.ranked(self.within(first, last), kind)
        ]

    def totals(self, first: date, last: date) -> dict[str, int]:
        own = self.within(first, last)
        earlier = [play for play in self.plays if self.day(play) < first]

        def distinct(plays: Iterable[Heard], kind: str) -> set[int]:
            return {key for play in plays for key in self.keys(play, kind)}

        return {
            "plays": len(own),
            "amount": sum(map(self.amount, own)),
            "heard": sum(play.length for play in own),
            "guessed": sum(play.length for play in own if play.ms is None),
            "tracks": len(distinct(own, "track")),
            "albums": len(distinct(own, "album")),
            "artists": len(distinct(own, "artist")),
            "new_tracks": len(distinct(own, "track") - distinct(earlier, "track")),
            "new_artists": len(distinct(own, "artist") - distinct(earlier, "artist")),
            "days": len({self.day(play) for play in own}),
        }

    def by_day(self) -> dict[date, int]:
        sums: dict[date, int] = defaultdict(int)
        for play in self.plays:
            sums[self.day(play)] += self.amount(play)
        return dict(sums)

    def week_hours(self, first: date, last: date) -> list[list[int]]:
        grid = [[0] * 24 for _ in range(7)]
        for play in self.within(first, last):
            local = play.local(self.zone)
            grid[local.weekday()][local.hour] += self.amount(play)
        return grid

    def discoveries(self, first: date, last: date) -> set[tuple[int, date, int]]:
        now, earlier = self._artists(self.within(first, last)), self._earlier(first)
        return {(who, days[0], len(days)) for who, days in now.items() if who not in earlier}

    def rediscoveries(self, first: date, last: date) -> set[tuple[int, date, date]]:
        now, earlier = self._artists(self.within(first, last)), self._earlier(first)
        return {
            (who, days[0], earlier[who][-1])
            for who, days in now.items()
            if len(earlier.get(who, [])) >= 5 and days[0] - earlier[who][-1] >= SILENCE
        }

    def forgotten(self, today: date, least: int) -> set[tuple[int, int, date]]:
        return {
            (who, len(days), days[-1])
            for who, days in self._artists(self.plays).items()
            if len(days) >= least and today - days[-1] >= SILENCE
        }

    def decades(self, first: date, last: date) -> dict[int, int]:
        """Amounts by the decade of release, where that is known and anything was heard."""
        sums: Counter[int] = Counter()
        for play in self.within(first, last):
            if play.song.album is not None and play.song.released:
                sums[int(play.song.released[:4]) // 10 * 10] += self.amount(play)
        return {decade: amount for decade, amount in sums.items() if amount}

    def repeats(self, first: date, last: date, least: int) -> dict[int, int]:
        """Track: most plays on one day, of those with `least` or more."""
        counts = Counter((play.song.track, self.day(play)) for play in self.within(first, last))
        most: dict[int, int] = {}
        for (track, _), count in counts.items():
            if count >= least:
                most[track] = max(count, most.get(track, 0))
        return most

    def longest(self, first: date, last: date) -> tuple[date, int, int] | None:
        days: dict[date, list[Heard]] = defaultdict(list)
        for play in self.within(first, last):
            days[self.day(play)].append(play)
        found = [(d, len(ps), sum(p.length for p in ps)) for d, ps in days.items()]
        return min(found, key=lambda row: (-row[2], -row[1], row[0]), default=None)

    def this_day(self, today: date) -> list[tuple[date, int]]:
        counts = Counter(
            self.day(play)
            for play in self.plays
            if (self.day(play).month, self.day(play).day) == (today.month, today.day)
            and self.day(play) < today
        )
        return sorted(counts.items(), reverse=True)

    def sittings(self, first: date, last: date) -> list[tuple[timedelta, int]]:
        """(length, plays) of each."""
        found: list[list[Any]] = []
        before: datetime | None = None
        for play in self.within(first, last):
            start = play.at - timedelta(milliseconds=play.length)
            if before is not None:
                start = max(start, before)
            if before is None or start - before > timedelta(minutes=20):
                found.append([start, play.at, 0])
            found[-1][1] = play.at
            found[-1][2] += 1
            before = play.at
        return [(end - start, plays) for start, end, plays in found]

    def skips(self, first: date, last: date) -> tuple[int, int]:
        told = []
        for play in self.within(first, last):
            if play.skipped is not None:
                told.append(play.skipped)
            elif play.reason_end is not None:
                told.append(play.reason_end == "fwdbtn")
        return len(told), sum(told)

    def _artists(self, plays: Iterable[Heard]) -> dict[int, list[date]]:
        found: dict[int, list[date]] = defaultdict(list)
        for play in plays:
            for who in play.song.artists:
                found[who].append(self.day(play))
        return dict(found)

    def _earlier(self, first: date) -> dict[int, list[date]]:
        return self._artists(play for play in self.plays if self.day(play) < first)
