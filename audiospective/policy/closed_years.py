"""When a year is closed, so that its plays may leave the database, and what is said of it then."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from audiospective.policy.sealing import year_span

_EPOCH, _MS = datetime(1970, 1, 1, tzinfo=UTC), timedelta(milliseconds=1)
OVER = timedelta(days=14)  # after its end: late plays of the last days have arrived
AT_REST = timedelta(days=7)  # since it was last written: an import may still be under way
KEPT = timedelta(days=30)  # objects that nothing refers to stay: an older backup may refer to them

# Objects of members whom the database does not know go in the round after the one that found them.
SETTLED = timedelta(hours=20)  # rounds are a day apart, not to the second

STORAGE, DATABASE = "storage", "database"  # where closed years are kept


def is_closed(year: int, sealed_at: datetime, now: datetime) -> bool:
    """Whether a year of UTC, last written at `sealed_at`, may move."""
    _, following = year_span(year)  # after 9999 it is no datetime
    since = (now - _EPOCH) // _MS - following
    return since >= OVER // _MS and now - sealed_at >= AT_REST


def said(years: Collection[int]) -> str:
    """Which years cannot be read, in words: `2014 to 2017 and 2019`."""
    runs: list[tuple[int, int]] = []
    for year in sorted(set(years)):
        if runs and runs[-1][1] == year - 1:
            runs[-1] = runs[-1][0], year
        else:
            runs.append((year, year))
    words = [
        str(first) if first == last else f"{first} {'and' if last == first + 1 else 'to'} {last}"
        for first, last in runs
    ]
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} and {words[-1]}"


@dataclass(frozen=True)
class Told:
    """What a page says."""

    title: str
    text: str


def told(years: Collection[int]) -> Told:
    """What a page says of years that are away."""
    return Told(
        f"The plays of {said(years)} cannot be read just now",
        "The storage that keeps them does not answer. Nothing is lost and checks go on; figures on "
        "this page are without those plays.",
    )
