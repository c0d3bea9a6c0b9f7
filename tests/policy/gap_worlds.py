"""Small worlds in which somebody listens, Spotify shows a window, and an archive polls it.

Times are minutes since the consent, as floats; a world keeps every play that there ever was, so that
what was lost is known, and why.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from audiospective.policy import gaps
from audiospective.policy.gaps import Before, Found, Known, Seen

START = datetime(2026, 3, 14, tzinfo=UTC)
SETTLED = gaps.SETTLED / timedelta(minutes=1)
FUTURE = gaps.FUTURE / timedelta(minutes=1)
VISIBLE, LEFT_OUT, UNREADABLE, TIMELESS = "visible", "left out", "unreadable", "timeless"


def instant(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def minutes(at: datetime) -> float:
    return (at - START) / timedelta(minutes=1)


@dataclass(frozen=True)
class Play:
    """`ended` as Spotify tells it, `arrived` when Spotify had it; `batch` names a delivery."""

    ended: float
    arrived: float
    number: int
    kind: str = VISIBLE
    batch: int | None = None

    @property
    def order(self) -> tuple[float, int]:
        return self.ended, self.number


@dataclass(frozen=True)
class Poll:
    """What one successful poll saw; `window` is what Spotify held, which nobody can see."""

    at: float
    window: tuple[Play, ...]
    page: tuple[Play, ...]  # newest first, with a time
    new: frozenset[Play]
    before: Before
    known: Known
    found: Found | None
    offered: int = 0

    @property
    def oldest(self) -> float:
        return self.page[-1].ended


def window(plays: list[Play], at: float, size: int) -> tuple[Play, ...]:
    """The newest items of what has arrived, newest first."""
    arrived = sorted((p for p in plays if p.arrived <= at), key=lambda p: p.order, reverse=True)
    return tuple(arrived[:size])


def shown(held: tuple[Play, ...]) -> tuple[Play, ...]:
    return tuple(play for play in held if play.kind != LEFT_OUT)


def dated(held: tuple[Play, ...]) -> tuple[Play, ...]:
    return tuple(play for play in shown(held) if play.kind != TIMELESS)


@dataclass
class Archive:
    """Keeps what it is shown and asks the rule, as polling does."""

    known: set[Play] = field(default_factory=set)
    checked_at: float | None = None
    page_from: float | None = None
    began: datetime = START
    polls: list[Poll] = field(default_factory=list)

    def poll(self, at: float, held: tuple[Play, ...]) -> None:
        items = shown(held)
        page = dated(held)
        seen = [Seen(instant(play.ended), play not in self.known) for play in page]
        if items and gaps.proves_nothing(seen, instant(at)):
            self.known.update(page)
            return
        before = Before(
            None if self.checked_at is None else instant(self.checked_at),
            None if self.page_from is None else instant(self.page_from),
            authorized_at=START,
        )
        oldest = page[-1].ended if page else None
        if self.checked_at is None:
            self.began = gaps.began(before, seen, len(items), instant(at))
        known = Known(self._before(oldest), self._before(self.page_from), self.began)
        found = gaps.gap(before, seen, len(items), known, instant(at))
        new = frozenset(page) - self.known
        self.polls.append(Poll(at, held, page, new, before, known, found, len(items)))
        self.known.update(page)
        self.checked_at, self.page_from = at, oldest

    def _before(self, at: float | None) -> datetime | None:
        older = [play.ended for play in self.known if at is not None and play.ended < at]
        return instant(max(older)) if older else None


@dataclass(frozen=True)
class World:
    plays: list[Play]
    polls: list[float]
    size: int

    def run(self) -> Archive:
        archive = Archive()
        for at in sorted(self.polls):
            archive.poll(at, window(self.plays, at, self.size))
        return archive


def could_have_been_lost(poll: Poll, last: Poll | None, at: float, *, late: bool, size: int) -> bool:
    """Whether a play at `at` can have come and gone unseen, for all that the pages tell.

    By example: a world with that play in it, and with items that Spotify left out of the page,
    that shows exactly the same page. `late`: it may have ended before the last check and have
    arrived after it.
    """
    checked = 0.0 if last is None else last.at
    if not poll.page or at > poll.at + FUTURE or (not late and at <= checked - (SETTLED if last else 0)):
        return False
    held = list(last.window) if last else [p for p in poll.window if p.arrived <= checked]
    there = set(held)
    come = [play for play in shown(poll.window) if play not in there]
    lost = Play(at, poll.at, -1)
    for count in range(gaps.LEFT_OUT + 1):
        hidden = [Play(poll.oldest, poll.at, -2 - number, LEFT_OUT) for number in range(count)]
        then = window([replace(p, arrived=0) for p in (*held, *come, *hidden, lost)], poll.at, size)
        if lost not in then and [p.order for p in dated(then)] == [p.order for p in poll.page]:
            return True
    return False


def lived(
    chance: random.Random,
    *,
    hours: float = 24,
    size: int = gaps.PAGE,
    devices: int = 2,
    grid: float = 0,
) -> World:
    """A day or so of somebody who listens on several devices and is polled at any moment."""
    end = hours * 60
    plays: list[Play] = []
    for device in range(devices):
        plays += _of_device(chance, device, end, len(plays), grid)
    for _ in range(chance.choice((0, 0, 1))):  # a device whose clock is wrong
        ahead = chance.choice((-600, -90, -20, 20, 90, 600, 5e5))
        count = chance.randint(1, 8)
        first = chance.uniform(0, end)
        for number in range(count):
            at = first + 3 * number
            plays.append(Play(at + ahead, at, len(plays)))
    if chance.random() < 0.4:  # what was played before the consent
        for number in range(chance.randint(1, size + 10)):
            plays.append(Play(-3.0 * number, -3.0 * number, len(plays)))
    plays = _odd(chance, plays)
    return World(plays, _polls(chance, end), size)


def _of_device(
    chance: random.Random, device: int, end: float, first: int, grid: float
) -> list[Play]:
    plays: list[Play] = []
    at = chance.uniform(0, end / 2)
    minutes_each = chance.choice((0.5, 1, 3, 3, 4))
    offline_since: float | None = None
    held: list[float] = []
    batch = device * 1000
    while at < end:
        if offline_since is None and chance.random() < 0.1:
            offline_since = at
        elif offline_since is not None and chance.random() < 0.1:
            batch += 1
            for ended in held:
                plays.append(Play(ended, at, first + len(plays), batch=batch))
            held, offline_since = [], None
        for _ in range(chance.randint(1, chance.choice((4, 20, 60)))):
            at += minutes_each * chance.uniform(0.3, 1)
            ended = round(at / grid) * grid if grid else at
            if offline_since is None:
                lag = chance.choice((0, 0, 0, 0.2, 2, 4))
                plays.append(Play(ended, max(at, ended) + lag, first + len(plays)))
            else:
                held.append(ended)
        at += chance.choice((0, 5, 60, 300)) * chance.random()
    return plays


def _odd(chance: random.Random, plays: list[Play]) -> list[Play]:
    """Some items are left out of every page, some cannot be read, some have no valid time."""
    share = chance.choice((0, 0, 0.05, 0.3, 1.0))
    kind = chance.choice((UNREADABLE, UNREADABLE, TIMELESS))
    spoiled = [replace(p, kind=kind) if chance.random() < share else p for p in plays]
    hidden = chance.sample(range(len(plays)), min(len(plays), chance.choice((0, 0, 3, gaps.LEFT_OUT))))
    return [replace(p, kind=LEFT_OUT) if i in hidden else p for i, p in enumerate(spoiled)]


def _polls(chance: random.Random, end: float) -> list[float]:
    every = chance.choice((1, 10, 60, 60, 180))
    polls, at = [], chance.uniform(0, 5)
    while at < end + 60:
        polls.append(at)
        at += every * chance.uniform(0.7, 1.3)
        if chance.random() < 0.03:
            at += chance.uniform(60, 600)  # an outage, or nobody asks
    return polls


@dataclass(frozen=True)
class Loss:
    """A play that Spotify had and no page showed, and the first poll after it arrived."""

    play: Play
    poll: Poll
    last: Poll | None  # the successful poll before that one
    recorded: bool
    alone: bool  # nothing else ended between it and what the page shows of its delivery

    @property
    def why(self) -> str:
        """Which kind of loss it is; see `MUST_BE_RECORDED`."""
        play, poll, last = self.play, self.poll, self.last
        if last is None:
            return "since the consent" if play.ended > 0 else "before the archive"
        if play.ended > last.at + SETTLED:
            return "in time"
        if play.ended > last.at - SETTLED:
            return "around the last check"
        if not last.page or play.ended <= min(0.0, last.oldest):
            return "before the archive"
        if len(last.window) == len(poll.window) and play.order < _cut(self).order:
            return "out of reach"
        if _delivered_with(play, poll) is None:
            return "without a trace"
        if self.alone:
            return "of a delivery, nothing else between"
        if poll.page[-1] not in poll.new:
            return "behind a known play"
        return "late, mixed" if poll.oldest <= last.at - SETTLED else "late, under an overflow"


MUST_BE_RECORDED = (
    "since the consent", "in time", "of a delivery, nothing else between", "late, mixed",
)  # fmt: skip


def _delivered_with(play: Play, poll: Poll) -> Play | None:
    """The oldest item on the page that the same device delivered at the same moment."""
    together = [p for p in poll.page if p.batch == play.batch is not None]
    return together[-1] if together else None


def _is_alone(world: World, play: Play, poll: Poll) -> bool:
    top = _delivered_with(play, poll)
    return top is not None and not any(
        play.ended <= p.ended <= top.ended and p.batch != play.batch for p in world.plays
    )


def _cut(loss: Loss) -> Play:
    """The oldest item that the window showed just before the lost play arrived."""
    assert loss.last is not None
    held = {*loss.last.window, *loss.poll.window}
    before = [p for p in held if p.arrived < loss.play.arrived]
    return window(before, loss.poll.at, len(loss.last.window))[-1]


def losses(world: World, archive: Archive) -> list[Loss]:
    found = []
    seen = archive.known
    for play in world.plays:
        if play.kind in (LEFT_OUT, TIMELESS) or play in seen or play.arrived < 0:
            continue
        last = None
        for poll in archive.polls:
            if poll.at >= play.arrived:
                gap = poll.found
                recorded = gap is not None and (
                    minutes(gap.start) <= play.ended <= minutes(gap.end)
                )
                alone = _is_alone(world, play, poll)
                found.append(Loss(play, poll, last, recorded, alone))
                break
            last = poll
    return found
