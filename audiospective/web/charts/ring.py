"""The listening clock: 24 segments on a ring, midnight on top."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from audiospective.web.charts.base import Worded, plain

SIZE = 240
INNER, OUTER = 44, 100
MIDDLE = SIZE / 2
AIR = math.radians(1.1)


@dataclass(frozen=True)
class Ring:
    """`segments` as one path, the loudest hour as another; `peak` is None without plays."""

    segments: str
    loudest: str
    peak: int | None
    rows: tuple[tuple[str, str], ...]


def of(hours: Sequence[int], *, worded: Worded = plain) -> Ring:
    """24 values from midnight on, drawn so that areas compare, not only lengths."""
    most = max(hours)
    peak = hours.index(most) if most else None
    outlines = [_segment(hour, value / most) if value else "" for hour, value in enumerate(hours)]
    return Ring(
        segments="".join(one for hour, one in enumerate(outlines) if hour != peak),
        loudest="" if peak is None else outlines[peak],
        peak=peak,
        rows=tuple((f"{hour:02}:00", worded(value)) for hour, value in enumerate(hours)),
    )


def _segment(hour: int, share: float) -> str:
    reach = math.sqrt(INNER**2 + share * (OUTER**2 - INNER**2))
    start = hour / 24 * math.tau + AIR
    end = (hour + 1) / 24 * math.tau - AIR

    def at(radius: float, angle: float) -> str:
        x, y = MIDDLE + radius * math.sin(angle), MIDDLE - radius * math.cos(angle)
        return f"{x:.1f} {y:.1f}"

    return (
        f"M{at(INNER, start)}A{INNER} {INNER} 0 0 1 {at(INNER, end)}"
        f"L{at(reach, end)}A{reach:.1f} {reach:.1f} 0 0 0 {at(reach, start)}z"
    )
