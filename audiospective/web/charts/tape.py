"""Time as a tape: an hour a unit, a stroke where something was heard, hatched where not known."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from audiospective.web.charts.base import boxes

HEIGHT = 20
HOUR = timedelta(hours=1)
LEAST = 5.0  # units: a gap of minutes is drawn wide enough to be seen

Span = tuple[datetime, datetime]


@dataclass(frozen=True)
class Tape:
    """`heard` is one path of strokes, `unknown` of boxes; `began` is where checks begin, if inside.

    Paper, on which nothing heard means nothing played, reaches from `since` for `lived`; `width` is
    the whole.
    """

    width: int
    since: float
    lived: float
    heard: str
    unknown: str
    began: float | None


def of(
    start: datetime,
    end: datetime,
    heard: Collection[int],
    unknown: Iterable[Span],
    *,
    now: datetime,
    began: datetime | None = None,
    width: int | None = None,
) -> Tape:
    """The time from `start` to `end`; `heard` are the hours since `start` in which plays ended.

    `width` is the number of hours to draw, for tapes of different lengths on one axis.
    """
    lived = min(max(_units(now - start), 0.0), _units(end - start))
    since = min(max(_units(began - start), 0.0), lived) if began is not None else 0.0
    gaps = []
    for first, last in unknown:
        left, right = _units(max(first, start) - start), _units(min(last, end, now) - start)
        if right > left:
            size = max(right - left, LEAST)
            gaps.append((round(min(left, lived - size if lived > size else 0), 1), 0,
                         round(size, 1), HEIGHT))  # fmt: skip
    inside = began is not None and start < began < end
    return Tape(
        width=width or round(_units(end - start)),
        since=round(since, 1),
        lived=round(lived - since, 1),
        heard=_strokes(sorted(heard)),
        unknown=boxes(gaps),
        began=round(_units(began - start), 1) if began is not None and inside else None,
    )


def _strokes(hours: Sequence[int]) -> str:
    """Runs of hours as strokes along the tape, each from the end of the one before."""
    runs: list[list[int]] = []
    for hour in hours:
        if runs and runs[-1][1] == hour:
            runs[-1][1] = hour + 1
        else:
            runs.append([hour, hour + 1])
    path, at = "", 0
    for first, last in runs:
        path += (
            f"m{first - at} 0h{last - first}" if path else f"M{first} {HEIGHT // 2}h{last - first}"
        )
        at = last
    return path


def _units(length: timedelta) -> float:
    return length / HOUR
