"""Upright bars: the highest is drawn darkest, what is not known in full is hatched."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from audiospective.web.charts.base import Worded, boxes, plain

HEIGHT = 100  # user units; a bar takes ten of them in width, the picture stretches to its place
PITCH = 10
LABELS = 13  # at most so many words fit under a chart


@dataclass(frozen=True)
class Bars:
    """Paths of one ink each, `labels` as (words, whether they are shown), `rows` for the table.

    `hatched` are stretches that are not known, as (start, width) in percent: a hatch keeps its
    slant only outside of the picture that stretches.
    """

    width: int
    height: int
    bars: str
    peak: str
    second: str
    unknown: str
    hatched: tuple[tuple[float, float], ...]
    labels: tuple[tuple[str, bool], ...]
    rows: tuple[tuple[str, str], ...]


def of(
    values: Sequence[tuple[str, int]],
    *,
    unknown: Collection[int] = frozenset(),
    compare: Sequence[int] = (),
    most: int = 0,
    worded: Worded = plain,
    mark: int | None = None,
    named: Mapping[int, str] | None = None,
) -> Bars:
    """Bars of (label, value); `unknown` are places whose value is not known in full.

    `compare` are values of an earlier time, drawn as strokes over the bars. `most` is the top of
    the scale, where charts are to be compared. `mark` is the place of the darkest bar; without it
    that is the highest one. `named` are the words under some of the bars, by place; without it
    labels stand there, as many as there is room for.
    """
    numbers = [value for _, value in values]
    most = max([1, most, *numbers, *compare])
    peak = mark if mark is not None else numbers.index(max(numbers)) if any(numbers) else -1
    air = 1 if len(numbers) > 40 else 2
    found = {
        place: (place * PITCH + air / 2, HEIGHT - height, PITCH - air, height)
        for place, value in enumerate(numbers)
        if (height := round(max(value / most * HEIGHT, 1.0 if value else 0), 2))
    }
    strokes = [
        (place * PITCH, min(HEIGHT - 1.5, HEIGHT - value / most * HEIGHT), PITCH, 1.5)
        for place, value in enumerate(compare)
    ]
    return Bars(
        width=max(1, len(numbers)) * PITCH,
        height=HEIGHT,
        bars=boxes(box for place, box in found.items() if place != peak),
        peak=boxes([found[peak]] if peak in found else []),
        second=boxes(strokes),
        unknown=boxes((place * PITCH, 0, PITCH, HEIGHT) for place in sorted(unknown)),
        hatched=_runs(unknown, 100 / max(1, len(numbers))),
        labels=_labels([label for label, _ in values])
        if named is None
        else tuple((named.get(place, ""), place in named) for place in range(len(values))),
        rows=tuple(
            (label, worded(value) + (" (not known in full)" if place in set(unknown) else ""))
            for place, (label, value) in enumerate(values)
        ),
    )


def _labels(names: Sequence[str]) -> tuple[tuple[str, bool], ...]:
    """Every so many are shown; never the last ones, whose words would stick out."""
    every = -(-len(names) // LABELS)
    return tuple(
        (name, place % every == 0 and place + every <= len(names))
        for place, name in enumerate(names)
    )


def _runs(places: Collection[int], pitch: float) -> tuple[tuple[float, float], ...]:
    """Places in a row as one stretch each."""
    found: list[tuple[float, float]] = []
    end = -1
    for place in sorted(places):
        if found and place == end:
            found[-1] = (found[-1][0], round(found[-1][1] + pitch, 3))
        else:
            found.append((round(place * pitch, 3), round(pitch, 3)))
        end = place + 1
    return tuple(found)
