"""DuckDB counts the exported Parquet by itself and comes to the same figures, zone by zone.

Of large archives: `python -m tests.stats.another_counter 200000`.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import duckdb
import pytest

from audiospective import models
from audiospective.exports import files
from audiospective.exports.formats import FORMATS
from audiospective.policy import known_time
from audiospective.stats import activity, listening, streaks
from audiospective.stats.figure_options import FigureOptions
from audiospective.stats.listening import Listening
from tests.exports import making
from tests.stats.another_counter import (
    NAMES,
    PLAYS,
    STREAKS,
    ZONES,
    same_days,
    same_hours,
    same_streaks,
    same_tops,
    same_totals,
)

# Nights in which clocks change in one of the zones, and the ends of years.
NIGHTS = [datetime(2024, 3, 31, tzinfo=UTC), datetime(2024, 10, 27, tzinfo=UTC),
          datetime(2024, 3, 10, 6, tzinfo=UTC), datetime(2024, 11, 3, 5, tzinfo=UTC),
          datetime(2024, 4, 6, 14, tzinfo=UTC), datetime(2024, 10, 5, 14, tzinfo=UTC),
          datetime(2023, 12, 31, 23, tzinfo=UTC),
          datetime(2024, 2, 29, 12, tzinfo=UTC)]  # fmt: skip
YEAR = (date(2024, 1, 1), date(2024, 12, 31))


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, Path]]:
    """1,500 plays of two years, many of them in those nights, and the Parquet file of them."""
    folder = tmp_path_factory.mktemp("archive")
    models.bind(f"sqlite:///{folder}/archive.db")
    with models.database.connection_context():
        models.migrate()
        listening.forget()
        alice = making.archive(*_plays(Random("two years")))
        snapshot = making.taken(alice, folder)
        yield alice, files.save(FORMATS["parquet"], snapshot, folder, compatible=False)


def _plays(rng: Random) -> list[dict[str, Any]]:
    names = ["Plain", "硝子の電車", "رسائل لم تصل", "Emoji 🪗🎶", "x" * 300, "Odd", "Lots", "Ebb"]
    songs = [
        making.song(f"{name} {n}", name, *([names[n - 1]] if n % 3 else []), album=f"Album {n}")
        for n, name in enumerate(names)
    ]
    found = {}
    for _ in range(1500):
        at = datetime(2023, 6, 1, tzinfo=UTC) + timedelta(seconds=rng.randrange(50_000_000))
        if rng.random() < 0.3:
            at = rng.choice(NIGHTS) + timedelta(seconds=rng.randrange(-14_400, 14_400))
        song = rng.choices(songs, range(1, len(songs) + 1))[0]
        polled = rng.random() < 0.5
        play = making.polled(at, song) if polled else making.imported(
            at, song, ms_played=rng.randrange(300_000)
        )  # fmt: skip
        found[play["played_at"], song] = play
    return list(found.values())


@pytest.fixture(params=ZONES)
def both(request: pytest.FixtureRequest, archive: tuple[int, Path]) -> Iterator[Any]:
    """The figures of the site, and DuckDB with the file."""
    alice, file = archive
    with duckdb.connect() as tool:
        tool.execute("SET TimeZone = 'UTC'")
        tool.execute(PLAYS.format(zone=request.param, file=file, columns=NAMES))
        yield Listening(FigureOptions(alice, request.param)), tool


def test_tops_totals_days_hours_and_streaks(both: Any) -> None:
    own, tool = both
    same_tops(own, tool, YEAR, NAMES)
    same_totals(own, tool, YEAR)
    same_hours(own, tool, YEAR)
    same_days(own, tool)
    same_streaks(own, tool)


def test_a_gap_makes_one_streak_of_two(both: Any) -> None:
    own, tool = both
    days = own.figure(activity.days)
    rows = sorted(tool.execute(STREAKS).fetchall(), key=lambda row: row[1])
    left, right = next(
        (one, other) for one, other in itertools.pairwise(rows)
        if (other[1] - one[2]).days == 2
    )  # fmt: skip
    start = datetime.combine(left[2] + timedelta(days=1), datetime.min.time(), UTC)
    archive = known_time.of(
        datetime(2023, 1, 1, tzinfo=UTC), datetime(2025, 6, 1, tzinfo=UTC),
        [(start - timedelta(hours=14), start + timedelta(hours=38))], [],
    )  # fmt: skip
    unknown = known_time.unknown_days(archive, own.options.zone, left[2], right[1], archive.until)
    joined = next(one for one in streaks.every(days, unknown) if one.first <= left[2] <= one.last)
    assert (joined.first, joined.last) == (left[1], right[2])
    assert joined.days == left[0] + right[0]
