"""A small line without words: how something went over time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 100, 24


@dataclass(frozen=True)
class Spark:
    """A line and the area under it."""

    line: str
    area: str


def of(values: Sequence[int], *, most: int | None = None) -> Spark:
    """`most` is the top of the scale, where several are to be compared."""
    top = max(1, most or max(values, default=1))
    step = WIDTH / max(1, len(values) - 1)
    points = [
        f"{n * step:.1f} {HEIGHT - 1 - value / top * (HEIGHT - 2):.1f}"
        for n, value in enumerate(values)
    ]
    line = "M" + "L".join(points) if points else ""
    return Spark(line, f"{line}L{WIDTH} {HEIGHT}L0 {HEIGHT}z" if points else "")
