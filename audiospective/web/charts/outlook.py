"""What was and what is likely to come: a line with its band below a limit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 600.0, 160.0
TOP = 8.0  # room above the highest point

Points = Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Outlook:
    """Paths in a box of WIDTH x HEIGHT; `limit` is a height, `now` a place."""

    past: str
    likely: str
    band: str
    limit: float
    now: float
    width: float = WIDTH
    height: float = HEIGHT


def of(past: Points, likely: Points, least: Points, most: Points, limit: float) -> Outlook:
    """Points are (when, how much), in any unit of time; `likely` begins now.

    The scale begins at nothing and holds all of them.
    """
    begin = min(past[0][0] if past else likely[0][0], likely[0][0])
    reach = (likely[-1][0] - begin) or 1.0
    top = max(limit, *(value for points in (past, likely, most) for _, value in points))

    def at(point: tuple[float, float]) -> str:
        when, value = point
        y = HEIGHT - value / top * (HEIGHT - TOP)
        return f"{(when - begin) / reach * WIDTH:.1f} {y:.1f}"

    def line(points: Points) -> str:
        return "M" + "L".join(at(one) for one in points) if points else ""

    return Outlook(
        past=line([*past, likely[0]]),
        likely=line(likely),
        band=f"{line([*most, *reversed(least)])}z",
        limit=round(HEIGHT - limit / top * (HEIGHT - TOP), 1),
        now=round((likely[0][0] - begin) / reach * WIDTH, 1),
    )
