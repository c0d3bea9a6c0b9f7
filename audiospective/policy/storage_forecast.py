"""How large a database becomes, by part, with and without closed years in storage.

Nothing that grows is held constant: sealed plays by the bytes that segments of this size take here,
the catalog along its own curve, rows of members by their number, and what else grows by what the
ledger saw of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from audiospective.policy import catalog_growth
from audiospective.policy.catalog_growth import PUBLISHED, Curve, fitted
from audiospective.policy.storage import PLAYS_A_DAY

YEAR = 365.25
HORIZON = 100 * YEAR  # days; a database that is not full by then never is
REST = 150.0  # rows of a member on average, between two sealings
TRACK = 110.0  # bytes of one in the catalog, all told, where none can be measured
SEGMENT, PLAY = 5_000.0, 8.7  # bytes of a year's segment and of each play in it, likewise
CLOSED = 300.0  # bytes of the row of a year whose plays stand in storage
OPEN = 400.0  # days for which the plays of a year stay in the database at most: it, and some weeks
FEW = 1_000  # plays or tracks that say nothing yet of what one takes
LEDGER = 14.0  # days of the ledger that say something about what else grows


@dataclass(frozen=True)
class Day:
    """A line of the ledger: a day (a count), what everybody had by then, and bytes by part."""

    day: float
    members: int
    plays: int
    sealed: int  # of the plays
    tracks: int
    years: float  # bytes of sealed plays
    catalog: float
    other: float  # less an empty database


@dataclass(frozen=True)
class Shape:
    """What a forecast goes by, all of it measured where something can be; bytes and days.

    `segment` and `play` are the two parts of a segment's size, `names` and `track` those of the
    catalog's; `brought` is what members had at once when they came: plays of imports.
    """

    members: int
    plays: int
    years: float  # segments of a member
    rate: float  # plays a day of a member
    empty: float
    row: float
    rows: float  # of a member
    segment: float
    play: float
    names: float
    track: float
    curve: Curve
    other: float  # of a member
    other_a_day: float  # by which that grows
    brought: float = 0.0


@dataclass(frozen=True)
class Parts:
    """Bytes of a database by part; `years` are sealed plays."""

    years: float
    rows: float
    catalog: float
    other: float

    @property
    def total(self) -> float:
        return self.years + self.rows + self.catalog + self.other


def shape(
    days: Sequence[Day],
    *,
    empty: float,
    rate: float | None,
    row: float,
    segments: int,
    brought: float = 0.0,
) -> Shape:
    """The shape of an instance by its ledger, the last day being today.

    `segments`: their number; `row`: bytes of a play in a row; `rate`: plays a day of a member, None
    where nobody knows yet.
    """
    today = days[-1]
    crowd = max(1, today.members)
    fixed, each = _of_segments(days, segments)
    names, track = _of_catalog(days)
    hot = today.plays - today.sealed
    return Shape(
        members=today.members,
        plays=today.plays,
        years=segments / crowd,
        rate=PLAYS_A_DAY if rate is None else rate,
        empty=empty,
        row=row,
        rows=max(REST, hot / crowd) if today.members else REST,
        segment=fixed,
        play=each,
        names=names,
        track=track,
        curve=fitted([(one.plays, one.tracks) for one in days]),
        other=today.other / crowd if today.members else 8_000.0,
        other_a_day=_growth(days),
        brought=brought,
    )


def after(here: Shape, members: int, days: float, *, storage: bool) -> Parts:
    """The database in so many days with `members`: today's ones grow older, a crowd begins anew.

    `storage`: plays of closed years stand there.
    """
    same = members == here.members
    before = here.plays if same else members * here.brought
    plays = before + members * here.rate * days
    hot = min(plays, members * here.rows)
    years = (here.years if same else here.brought / (here.rate * YEAR)) + days / YEAR
    files = members * max(1.0, years) if plays > hot else 0.0
    kept, closed = plays - hot, 0.0
    if storage:
        lately = min(days if not same else days + here.years * YEAR, OPEN)
        kept = min(kept, members * here.rate * lately)
        closed = max(0.0, files - members * OPEN / YEAR)
    curve = here.curve
    tracks = curve.tracks(plays)
    if not same:
        # A few people's curve says little of a crowd: the worse of the two counts.
        tracks = max(tracks, PUBLISHED.tracks(plays))
    return Parts(
        years=(files - closed) * here.segment + kept * here.play + closed * CLOSED,
        rows=hot * here.row,
        catalog=here.names + tracks * here.track,
        other=here.empty + members * (here.other + days * here.other_a_day),
    )


def full_in(here: Shape, members: int, budget: float, *, storage: bool) -> float | None:
    """Days until `budget` bytes are reached; 0 from the first day on, None never."""
    low, high = 0.0, HORIZON
    if after(here, members, low, storage=storage).total >= budget:
        return 0.0
    if after(here, members, high, storage=storage).total < budget:
        return None
    while high - low > 1:
        middle = (low + high) / 2
        if after(here, members, middle, storage=storage).total < budget:
            low = middle
        else:
            high = middle
    return low


def advice(parts: Parts, *, storage: bool) -> str:
    """What to turn when the budget is reached."""
    if not storage and parts.years >= parts.total / 4:
        return "move closed years to storage (STORAGE_URL=s3://bucket, see docs/operations.md)"
    if parts.rows >= parts.total / 2:
        return "look whether sealing runs: rows should be the smallest part"
    return "a larger database plan, then raise STORAGE_BUDGET_MB"


def _of_segments(days: Sequence[Day], count: int) -> tuple[float, float]:
    """The fixed bytes of a segment and those of each play in it.

    A short year costs more a play than a long one, so today's mean would say nothing of next year.
    """
    today = days[-1]
    if not count or not today.sealed:
        return SEGMENT, PLAY
    each = _slope([(one.sealed, one.years) for one in days], PLAY)
    if each is None:  # the published parts, scaled to what is stored here
        share = today.years / (count * SEGMENT + today.sealed * PLAY)
        return SEGMENT * share, PLAY * share
    return max(0.0, today.years - each * today.sealed) / count, each


def _of_catalog(days: Sequence[Day]) -> tuple[float, float]:
    """The fixed bytes of the catalog and those of each track: small catalogs cost more a track."""
    today = days[-1]
    if today.tracks < FEW:
        return 0.0, TRACK
    each = _slope([(one.tracks, one.catalog) for one in days], TRACK)
    if each is None:
        return 0.0, today.catalog / today.tracks
    return max(0.0, today.catalog - each * today.tracks), each


def _slope(points: Sequence[tuple[float, float]], usual: float) -> float | None:
    """Bytes of one more, once there are twice as many as at first; at most twice the usual.

    The more there are of what there was at first, the more counts what was seen: small archives
    take more for one more than larger ones.
    """
    (first, least), (last, most) = points[0], points[-1]
    if len(points) < 4 or last < 2 * first or last - first < FEW or most <= least:
        return None
    seen = min(max((most - least) / (last - first), usual / 2), usual * 2)
    trust = catalog_growth.trust(last / max(first, 1.0))
    return float(usual ** (1 - trust) * seen**trust)


def _growth(days: Sequence[Day]) -> float:
    """By how many bytes a day what else a member takes has grown."""
    today = days[-1]
    since = [one for one in days if one.members and today.day - one.day >= LEDGER]
    if not since or not today.members:
        return 0.0
    first = since[0]
    grown = today.other / today.members - first.other / first.members
    return max(0.0, grown / (today.day - first.day))
