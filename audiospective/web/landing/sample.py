"""The picture on the landing page: an invented week of an invented listener."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Line:
    """One typed line; without `title` the line is a gap in the record, `by` says why."""

    time: str
    title: str
    by: str


@dataclass(frozen=True)
class Sample:
    """`weeks` has a digit a day, Monday first: 0 none to 4 most, ? for a day not known."""

    month: str
    number: str
    lines: tuple[Line, ...]
    weeks: tuple[str, ...]


SAMPLE = Sample(
    month="Friday, 20 November",
    number="No. 614",
    lines=(
        Line("22:47", "Paper Lanterns", "Nora Feld"),
        Line("22:43", "Slow Harbour", "The Tidewrights"),
        Line("22:39", "Nine Kinds of Rain", "Ilse Brandt"),
        Line("19:58", "", "Not known: Spotify did not answer"),
        Line("18:02", "Cartographer's Waltz", "Odd Lots"),
        Line("17:57", "Kitchen Radio", "Marlow & Pine"),
    ),
    weeks=(
        "1322343",
        "1322433",
        "2312341",
        "2332441",
        "3423233",
        "2332443",
        "1332443",
        "2432433",
        "4121343",
        "223??33",
        "3432432",
        "2233232",
        "3222233",
        "2221321",
        "1312433",
        "1212321",
        "2110332",
        "1101411",
        "0002222",
        "?000321",
        "0000312",
        "2210331",
        "1121121",
        "0112121",
        "2022232",
        "3221323",
    ),
)
