"""What all charts share: outlines of rectangles, and the words of a value."""

from __future__ import annotations

from collections.abc import Callable, Iterable

Worded = Callable[[int], str]


def plain(value: int) -> str:
    return f"{value:,}"


def boxes(found: Iterable[tuple[float, float, float, float]]) -> str:
    """The outline of rectangles (x, y, width, height) as one path: one node for each ink."""
    return "".join(
        f"M{x:g} {y:g}h{width:g}v{height:g}h-{width:g}z" for x, y, width, height in found
    )
