"""Small worlds in which somebody listens, Spotify shows a window of it, and an archive polls.

Times are minutes since the consent, as floats. A world keeps every play that there ever was, so
that what was lost is known.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from random import Random

from audiospective.policy import gaps
from audiospective.policy.gaps import Before, Found, Known, Seen

START = datetime(2026, 3, 14, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
SHOWN, LEFT_OUT, UNREADABLE, TIMELESS = "shown", "left out", "unreadable", "without a time"


def instant(minutes: float) -> datetime:
    return START + minutes * MINUTE


@dataclass(frozen=True)
class Play:
    """`ended` as Spotify tells it, `arrived` when Spotify had it; `delivery` names what came with
    it from a device that was offline. Of equal times the higher number is the newer one."""

    ended: float
    arrived: float
    number: int
    kind: str = SHOWN
    delivery: int | None = None

    @property
    def order(self) -> tuple[float, int]:
        return self.ended, self.number


def window(plays: list[Play], at: float) -> tuple[Play, ...]:
    """What Spotify holds: the newest items of what has arrived, newest first."""
    arrived = [play for play in plays if play.arrived <= at]
    return tuple(sorted(arrived, key=lambda play: play.order, reverse=True)[: gaps.PAGE])


def items(held: tuple[Play, ...]) -> tuple[Play, ...]:
    """What it shows of that."""
    return tuple(play for play in held if play.kind != LEFT_OUT)


def dated(held: tuple[Play, ...]) -> tuple[Play, ...]:
    """What of that has a time."""
    return tuple(play for play in items(held) if play.kind != TIMELESS)


@dataclass(frozen=True)
class Poll:
    """One successful poll; `window` is what nobody can see."""

    at: float
    window: tuple[Play, ...]
    page: tuple[Play, ...]  # newest first, those with a time
    new: frozenset[Play]
    found: Found | None


@dataclass
class Archive:
    """Keeps what it is shown and asks the rule, as polling does."""

    known: set[Play] = field(default_factory=set)
    polls: list[Poll] = field(default_factory=list)
    checked_at: float | None = None
    page_from: float | None = None
    archive_from: datetime = START

    def poll(self, at: float, held: tuple[Play, ...]) -> None:
        page, offered, now = dated(held), len(items(held)), instant(at)
        seen = [Seen(instant(play.ended), play not in self.known) for play in page]
        oldest = page[-1].ended if page else None
        if not offered or not gaps.proves_nothing([i.at for i in seen], now):
            before = Before(_instant(self.checked_at), _instant(self.page_from), START)
            if self.checked_at is None:
                self.archive_from = gaps.began(before, seen, offered)
            known = Known(self._before(oldest), self._before(self.page_from), self.archive_from)
            found = gaps.gap(before, seen, offered, known, now)
            self.polls.append(Poll(at, held, page, frozenset(page) - self.known, found))
            self.checked_at, self.page_from = at, oldest
        self.known.update(page)

    def _before(self, at: float | None) -> datetime | None:
        older = (play.ended for play in self.known if at is not None and play.ended < at)
        return _instant(max(older, default=None))


@dataclass(frozen=True)
class World:
    plays: list[Play]
    polls: list[float]

    def archive(self) -> Archive:
        archive = Archive()
        for at in self.polls:
            archive.poll(at, window(self.plays, at))
        return archive


def lived(seed: int) -> World:
    """Some days of somebody who listens on several devices and is polled at any moment."""
    chance = Random(seed)
    end = 60 * chance.choice((6, 24, 24, 72))
    grid = chance.choice((0, 0, 1))  # minutes; a coarse clock gives many plays one time
    plays: list[Play] = []
    if chance.random() < 0.5:
        plays += [Play(-3.0 * n, -3.0 * n, n) for n in range(chance.randint(1, gaps.PAGE + 10))]
    for device in range(chance.choice((1, 2, 2, 3))):
        plays += _of_device(chance, device, end, len(plays), grid)
    if chance.random() < 0.3:
        plays += _of_wrong_clock(chance, end, len(plays))
    return World(_odd(chance, plays), _polls(chance, end))


def _of_device(chance: Random, device: int, end: float, first: int, grid: float) -> list[Play]:
    """Sessions and pauses; now and then it goes offline and delivers everything at once later."""
    plays: list[Play] = []
    held: list[float] | None = None
    at, each, delivery = chance.uniform(0, end / 2), chance.choice((0.5, 1, 3, 3, 4)), device * 1000
    while at < end:
        if held is None and chance.random() < 0.1:
            held = []
        elif held is not None and chance.random() < 0.1:
            delivery += 1
            plays += [
                Play(t, at, first + len(plays) + n, SHOWN, delivery) for n, t in enumerate(held)
            ]
            held = None
        for _ in range(chance.randint(1, chance.choice((4, 20, 60)))):
            at += each * chance.uniform(0.3, 1)
            ended = round(at / grid) * grid if grid else at
            if held is None:
                lag = chance.choice((0, 0, 0, 0.2, 2, 4))
                plays.append(Play(ended, max(at, ended) + lag, first + len(plays)))
            else:
                held.append(ended)
        at += chance.choice((0, 5, 60, 300)) * chance.random()
    return plays


def _of_wrong_clock(chance: Random, end: float, first: int) -> list[Play]:
    ahead, begin = chance.choice((-600, -90, -20, 20, 90, 600, 5e5)), chance.uniform(0, end)
    times = [begin + 3 * n for n in range(chance.randint(1, 8))]
    return [Play(at + ahead, at, first + n) for n, at in enumerate(times)]


def _odd(chance: Random, plays: list[Play]) -> list[Play]:
    """Some items cannot be read, some have no valid time, a few are left out of every page."""
    share, kind = chance.choice((0, 0, 0.05, 0.3, 1)), chance.choice((UNREADABLE, TIMELESS))
    odd = [replace(play, kind=kind) if chance.random() < share else play for play in plays]
    for index in chance.sample(range(len(odd)), min(len(odd), chance.choice((0, 0, 3, 10)))):
        odd[index] = replace(odd[index], kind=LEFT_OUT)
    return odd


def _polls(chance: Random, end: float) -> list[float]:
    every, at = (
        chance.choice((1, 10, 60, 60, 180)),
        chance.choice((0.1, 0.1, chance.uniform(0, 400))),
    )
    polls = []
    while at < end + 60:
        polls.append(at)
        at += every * chance.uniform(0.7, 1.3)
        if chance.random() < 0.03:
            at += chance.uniform(60, 600)  # an outage, or nobody asks
    return polls


def _instant(minutes: float | None) -> datetime | None:
    return None if minutes is None else instant(minutes)
