"""DuckDB counts the exported Parquet by itself and comes to the same figures, zone by zone.

Nothing here but the SQL below knows how days are cut, what is ranked, or what a streak is.
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
from audiospective.history.catalog import lookup
from audiospective.policy import known
from audiospective.stats import activity, listening, places, streaks, tops, totals
from audiospective.stats.listening import Listening
from audiospective.stats.view import View
from tests.exports import making

ZONES = ["Europe/Copenhagen", "America/New_York", "Australia/Lord_Howe"]
# Nights in which clocks change in one of the zones, and the ends of years.
NIGHTS = [datetime(2024, 3, 31, tzinfo=UTC), datetime(2024, 10, 27, tzinfo=UTC),
          datetime(2024, 3, 10, 6, tzinfo=UTC), datetime(2024, 11, 3, 5, tzinfo=UTC),
          datetime(2024, 4, 6, 14, tzinfo=UTC), datetime(2024, 10, 5, 14, tzinfo=UTC),
          datetime(2023, 12, 31, 23, tzinfo=UTC),
          datetime(2024, 2, 29, 12, tzinfo=UTC)]  # fmt: skip
YEAR = (date(2024, 1, 1), date(2024, 12, 31))

PLAYS = """
CREATE TABLE heard AS SELECT *, CAST(timezone('{zone}', played_at) AS DATE) AS day,
    timezone('{zone}', played_at) AS clock, coalesce(ms_played, duration_ms, 0) AS ms
FROM '{file}';
CREATE TABLE credits AS SELECT *, unnest(artists) AS artist FROM heard;
"""
TOP = """
SELECT {name}, count(*) AS n FROM {table} WHERE day BETWEEN '{first}' AND '{last}'
AND {name} IS NOT NULL GROUP BY {name} ORDER BY n DESC, min(played_at), {name} LIMIT 15
"""
TOTALS = """
SELECT count(*), sum(ms), count(DISTINCT title), count(DISTINCT day),
    (SELECT count(DISTINCT artist) FROM credits WHERE day BETWEEN '{first}' AND '{last}')
FROM heard WHERE day BETWEEN '{first}' AND '{last}'
"""
CELLS = """
SELECT isodow(clock) - 1 AS weekday, hour(clock) AS hour, count(*) FROM heard
WHERE day BETWEEN '{first}' AND '{last}' GROUP BY ALL
"""
STREAKS = """
WITH days AS (SELECT DISTINCT day FROM heard),
islands AS (SELECT day, day - CAST(row_number() OVER (ORDER BY day) AS INTEGER) AS island FROM days)
SELECT count(*) AS n, min(day), max(day) FROM islands GROUP BY island ORDER BY n DESC, min(day)
"""


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
        tool.execute(PLAYS.format(zone=request.param, file=file))
        yield Listening(View(alice, request.param)), tool


def ask(tool: Any, text: str, **values: object) -> list[tuple[Any, ...]]:
    first, last = YEAR
    found: list[tuple[Any, ...]] = tool.execute(
        text.format(first=first, last=last, **values)
    ).fetchall()
    return found


def test_tops(both: Any) -> None:
    own, tool = both
    before = (date(2023, 1, 1), date(2023, 12, 31))
    for kind, table, name in (
        ("track", "heard", "title"), ("album", "heard", "album"), ("artist", "credits", "artist"),
    ):  # fmt: skip
        found = own.figure(places.of, kind, YEAR, before, 15)
        names = lookup.together(
            *([one.one for one in found] if kind == each else [] for each in tops.KINDS)
        )
        called = {"track": names.tracks, "album": names.albums, "artist": names.artists}[kind]
        rows = [
            (called[one.one].title if kind == "track" else called[one.one].name, one.plays)
            for one in found
        ]
        assert rows == ask(tool, TOP, table=table, name=name)


def test_totals(both: Any) -> None:
    own, tool = both
    found = own.figure(totals.of, *YEAR)
    ((plays, heard, tracks, days, artists),) = ask(tool, TOTALS)
    assert (found.plays, found.heard, found.tracks, found.days, found.artists) == (
        plays, heard, tracks, days, artists,
    )  # fmt: skip


def test_the_days_of_the_heatmap_and_the_hours_of_the_week(both: Any) -> None:
    own, tool = both
    days = dict(tool.execute("SELECT day, count(*) FROM heard GROUP BY day").fetchall())
    assert own.figure(activity.days) == days
    grid = [[0] * 24 for _ in range(7)]
    for weekday, hour, plays in ask(tool, CELLS):
        grid[weekday][hour] = plays
    assert own.figure(activity.week_hours, *YEAR) == grid


def test_streaks(both: Any) -> None:
    own, tool = both
    days = own.figure(activity.days)
    rows = tool.execute(STREAKS).fetchall()
    found = streaks.longest(days)
    assert found
    assert (found.days, found.first, found.last) == rows[0]
    assert sorted((one.days, one.first, one.last) for one in streaks.every(days)) == sorted(rows)


def test_a_gap_makes_one_streak_of_two(both: Any) -> None:
    own, tool = both
    days = own.figure(activity.days)
    rows = sorted(tool.execute(STREAKS).fetchall(), key=lambda row: row[1])
    left, right = next(
        (one, other) for one, other in itertools.pairwise(rows)
        if (other[1] - one[2]).days == 2
    )  # fmt: skip
    start = datetime.combine(left[2] + timedelta(days=1), datetime.min.time(), UTC)
    archive = known.of(
        datetime(2023, 1, 1, tzinfo=UTC), datetime(2025, 6, 1, tzinfo=UTC),
        [(start - timedelta(hours=14), start + timedelta(hours=38))], [],
    )  # fmt: skip
    unknown = known.unknown_days(archive, own.view.zone, left[2], right[1], archive.until)
    joined = next(one for one in streaks.every(days, unknown) if one.first <= left[2] <= one.last)
    assert (joined.first, joined.last) == (left[1], right[2])
    assert joined.days == left[0] + right[0]
