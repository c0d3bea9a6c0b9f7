"""DuckDB counts the exported Parquet of a large archive, zone by zone and year by year.

    python -m tests.stats.another_counter 200000

Nothing here but the SQL knows how days are cut, what is ranked, or what a streak is.
"""

from __future__ import annotations

import argparse
import tempfile
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import duckdb

from audiospective import clock
from audiospective.bench.cataloging import catalog_rows
from audiospective.bench.filling import archive
from audiospective.bench.listening import Catalog
from audiospective.bench.scratch import scratch
from audiospective.exports import files
from audiospective.exports.formats import FORMATS
from audiospective.history.catalog import lookup
from audiospective.stats import activity, rankings, streaks, tops, totals
from audiospective.stats.figure_options import FigureOptions
from audiospective.stats.listening import Listening
from tests.exports import making

ZONES = ["Europe/Copenhagen", "America/New_York", "Australia/Lord_Howe"]
YEARS = 15
Days = tuple[date, date]


class Columns(NamedTuple):
    """What tells tracks, albums and artists apart in the file."""

    track: str
    album: str
    artists: str


NAMES = Columns("title", "album", "artists")  # where each has a name of its own
IDS = Columns("track", "album_id", "artist_ids")

PLAYS = """
CREATE TABLE heard AS SELECT *, {columns.track} AS one_track, {columns.album} AS one_album,
    CAST(timezone('{zone}', played_at) AS DATE) AS day, timezone('{zone}', played_at) AS clock,
    coalesce(ms_played, duration_ms, 0) AS ms
FROM '{file}';
CREATE TABLE credits AS SELECT *, unnest({columns.artists}) AS one_artist FROM heard;
"""
TOP = """
SELECT {name}, count(*) AS n FROM {table} WHERE day BETWEEN '{first}' AND '{last}'
AND {name} IS NOT NULL GROUP BY {name} ORDER BY n DESC, min(played_at), {name} LIMIT 15
"""
TOTALS = """
SELECT count(*), sum(ms), count(DISTINCT one_track), count(DISTINCT day),
    (SELECT count(DISTINCT one_artist) FROM credits WHERE day BETWEEN '{first}' AND '{last}')
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


def ask(tool: Any, text: str, days: Days, **values: object) -> list[tuple[Any, ...]]:
    """The rows of a question about the days of a span."""
    first, last = days
    found: list[tuple[Any, ...]] = tool.execute(
        text.format(first=first, last=last, **values)
    ).fetchall()
    return found


def same_tops(own: Listening, tool: Any, days: Days, columns: Columns = IDS) -> None:
    before = (date(days[0].year - 1, 1, 1), date(days[0].year - 1, 12, 31))
    for kind in tops.KINDS:
        found = own.figure(rankings.of, kind, days, before, 15)
        ids = [one.one for one in found]
        called: dict[int, Any] = dict(zip(ids, ids, strict=True))
        if kind != "track" or columns is NAMES:
            known = lookup.together(*(ids if kind == each else [] for each in tops.KINDS))
            every: dict[int, Any] = getattr(known, f"{kind}s")
            by = "spotify_id" if columns is IDS else "title" if kind == "track" else "name"
            called = {one: getattr(every[one], by) for one in ids}
        rows = [(called[one.one], one.plays) for one in found]
        table = "credits" if kind == "artist" else "heard"
        assert rows == ask(tool, TOP, days, table=table, name=f"one_{kind}"), (kind, days)


def same_totals(own: Listening, tool: Any, days: Days) -> None:
    found = own.figure(totals.of, *days)
    ((plays, heard, tracks, different, artists),) = ask(tool, TOTALS, days)
    assert (found.plays, found.heard, found.tracks, found.days, found.artists) == (
        plays, heard or 0, tracks, different, artists,
    ), days  # fmt: skip


def same_hours(own: Listening, tool: Any, days: Days) -> None:
    grid = [[0] * 24 for _ in range(7)]
    for weekday, hour, plays in ask(tool, CELLS, days):
        grid[weekday][hour] = plays
    assert own.figure(activity.week_hours, *days) == grid, days


def same_days(own: Listening, tool: Any) -> None:
    days = dict(tool.execute("SELECT day, count(*) FROM heard GROUP BY day").fetchall())
    assert own.figure(activity.days) == days


def same_streaks(own: Listening, tool: Any) -> None:
    days = own.figure(activity.days)
    rows = tool.execute(STREAKS).fetchall()
    found = streaks.longest(days)
    assert found
    assert (found.days, found.first, found.last) == rows[0]
    assert sorted((one.days, one.first, one.last) for one in streaks.every(days)) == sorted(rows)


def main(plays: int) -> None:
    with scratch(None), tempfile.TemporaryDirectory() as home:
        catalog = Catalog.of(30_000)
        catalog_rows(catalog)
        alice = archive(catalog, 1, plays, float(YEARS), full=False)
        file = files.save(
            FORMATS["parquet"], making.taken(alice, Path(home)), Path(home), compatible=False
        )
        for zone in ZONES:
            began = clock.monotonic()
            with duckdb.connect() as tool:
                tool.execute("SET TimeZone = 'UTC'")
                tool.execute(PLAYS.format(zone=zone, file=file, columns=IDS))
                own = Listening(FigureOptions(alice, zone))
                same_days(own, tool)
                same_streaks(own, tool)
                years = sorted({day.year for day in own.figure(activity.days)})
                for days in [
                    *((date(year, 1, 1), date(year, 12, 31)) for year in years),
                    *((date(year, 3, 1), date(year, 3, 31)) for year in years),
                    *((date(year, 10, 1), date(year, 11, 7)) for year in years),
                    (date(years[0], 1, 1), date(years[-1], 12, 31)),
                ]:
                    same_tops(own, tool, days)
                    same_totals(own, tool, days)
                    same_hours(own, tool, days)
            print(f"{zone}: {own.plays().height:,} plays of {len(years)} years, the same figures"
                  f" ({clock.monotonic() - began:.0f} s)")  # fmt: skip


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.stats.another_counter")
    parser.add_argument("plays", type=int, nargs="?", default=200_000, help="of the archive")
    main(parser.parse_args().plays)
