"""A figure over time as a small line, with its target and the deploys in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

WIDTH, HEIGHT = 100.0, 30.0


@dataclass(frozen=True)
class Line:
    """Paths in a box of WIDTH x HEIGHT; `marks` are places of deploys; `target` a height."""

    path: str
    points: str
    target: float | None
    marks: tuple[float, ...]


def of(
    values: Sequence[float | None],
    *,
    target: float | None = None,
    low: float = 0.0,
    marks: Sequence[float] = (),
) -> Line:
    """The line breaks where there is no value; one alone is a point. `low` is the bottom."""
    known = [one for one in values if one is not None]
    top = max([*known, target or low])
    reach = (top - low) or 1.0
    step = WIDTH / max(1, len(values) - 1)

    def height(value: float) -> float:
        return round(HEIGHT - 2 - (min(max(value, low), top) - low) / reach * (HEIGHT - 4), 2)

    path, points, before = "", "", None
    for place, value in enumerate(values):
        after = values[place + 1] if place + 1 < len(values) else None
        if value is not None:
            at = f"{place * step:.2f} {height(value):g}"
            if before is None and after is None:
                points += f"M{at}h0.01"
            else:
                path += f"{'M' if before is None else 'L'}{at}"
        before = value
    return Line(path, points, None if target is None else height(target), tuple(marks))


def places(instants: Sequence[datetime], begin: datetime, length: timedelta) -> tuple[float, ...]:
    """Where instants stand in the box; those outside it are left out."""
    shares = [(at - begin) / length for at in instants]
    return tuple(round(one * WIDTH, 2) for one in shares if 0 <= one <= 1)
