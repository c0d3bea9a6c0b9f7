"""`bench storage`: bytes a play all told, by part, in instances that grow as listening does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

import polars as pl
from peewee import fn

from audiospective import clock, history
from audiospective.bench import arriving
from audiospective.bench.filling import frame
from audiospective.bench.listening import TODAY, Catalog
from audiospective.bench.measuring import Echo, peak_mb
from audiospective.bench.scratch import member
from audiospective.history import bulk_add, hot, reading, segment
from audiospective.history.catalog import polled
from audiospective.models import PlaySegment, database, dialects
from audiospective.models.sizes import tables, total
from audiospective.policy.catalog_growth import PUBLISHED
from audiospective.policy.plays import TrackFacts
from audiospective.policy.storage import PLAYS_A_DAY

YEARS = 3
A_YEAR = 4  # how often a year's segment is written anew here; sealing does it more often
NEWS = 20  # tracks a transaction, as polls bring them
REST = 50  # plays that wait in rows besides the 100 that always do, on average
SAMPLE = 10  # members whose plays are also written as plain rows
_COLUMNS = (
    "user_id integer NOT NULL, played_at bigint NOT NULL, track_id integer NOT NULL,"
    " source smallint NOT NULL, ms_played integer, context text, flags smallint,"
    " reason_start text, reason_end text, platform text, country text, import_id integer,"
    " timing smallint, seen integer,"
    " PRIMARY KEY (user_id, played_at, track_id)"
)


def run(echo: Echo, *, small: bool) -> None:
    """Fill an empty database with ever more members of three years and print what things take."""
    crowds = (2, 4) if small else (10, 50, 100, 160, 250, 500, 1_000)
    each = int(YEARS * 365.25 * (3 if small else PLAYS_A_DAY))  # plays of a member
    began, empty = clock.monotonic(), total()
    most = round(PUBLISHED.tracks(crowds[-1] * each))
    catalog, news = Catalog.of(most), arriving.arrivals(most)
    tracks, people = 0, []
    for number in range(crowds[-1]):
        people.append(member(number))
        plays = frame(catalog, number, each, TODAY, YEARS, full=False).sort(segment.KEY)
        _archive(people[-1], plays)
        tracks += _remember(news, round(PUBLISHED.tracks(len(people) * each)) - tracks)
        # What autovacuum does by itself where the same takes years.
        dialects.vacuum("plays", "play_segments")
        if len(people) in crowds or len(people) % 10 == 0:
            dialects.vacuum("catalog_open", "catalog_buckets", "catalog_blocks")
        if len(people) in crowds:
            _report(echo, people, tracks, clock.monotonic() - began)
    count, size = len(people) * each, total() - tables()["play_segments"] - tables()["plays"]
    plain = _as_plain_rows(people[:SAMPLE]) / (each * min(SAMPLE, len(people)))
    echo(
        f"with plain rows of {plain:.0f} bytes, keys included, {(size + plain * count) / 1e6:.2f}"
        f" MB (empty: {empty / 1e6:.2f} MB)"
    )


def _archive(user_id: int, plays: pl.DataFrame) -> None:
    """A few months at a time; the last plays stay rows, as between two sealings."""
    rest = plays.tail(REST)
    older = plays.head(plays.height - REST)
    step = -(-older.height // (YEARS * A_YEAR))
    for part in older.iter_slices(step):
        history.absorb(user_id, part)
    hot.insert(user_id, bulk_add.as_rows(rest))


def _remember(news: Iterator[TrackFacts], wanted: int) -> int:
    """Store so many new tracks; how many there were."""
    left = wanted
    while left > 0 and (chunk := list(islice(news, min(NEWS, left)))):
        polled.remember(chunk)
        left -= len(chunk)
    return wanted - left


def _report(echo: Echo, people: Sequence[int], tracks: int, took: float) -> None:
    sizes, whole = tables(), total()
    sealed, files = PlaySegment.select(fn.SUM(PlaySegment.plays), fn.SUM(PlaySegment.size)).scalar(
        as_tuple=True
    )
    rows = len(people) * (100 + REST)
    plays = int(sealed) + rows
    names = sum(size for name, size in sizes.items() if name.startswith("catalog_"))
    echo(
        f"{len(people):,} members, {YEARS} years: {plays:,} plays, {tracks:,} tracks;"
        f" filled in {took:,.0f} s"
    )
    parts = {
        "sealed plays": sizes["play_segments"],
        "plays in rows": sizes["plays"],
        "catalog": names,
        "everything else": whole - sizes["play_segments"] - sizes["plays"] - names,
    }
    for name, size in parts.items():
        echo(f"  {name:<26}{size / 1e6:10.2f} MB {size / plays:8.2f} bytes a play")
    echo(f"  {'all told':<26}{whole / 1e6:10.2f} MB {whole / plays:8.2f} bytes a play")
    echo(f"  a sealed play, its file   {int(files) / int(sealed):10.2f} bytes")
    echo(f"  a sealed play, the table  {sizes['play_segments'] / int(sealed):10.2f} bytes")
    echo(f"  a play in a row           {sizes['plays'] / rows:10.2f} bytes")
    echo(f"  rows of a member          {sizes['plays'] / len(people) / 1000:10.2f} KB")
    echo(f"  a track                   {names / tracks:10.2f} bytes")
    echo(f"  peak memory               {peak_mb():10.0f} MB")


def _as_plain_rows(people: Sequence[int]) -> int:
    """Bytes of the same plays in a table of rows with its key; filled in order, so at its best."""
    database.execute_sql(f"CREATE TABLE plain_rows ({_COLUMNS}){dialects.in_key_order()}")
    for user_id in people:
        found = bulk_add.as_rows(reading.between(user_id, None, None, segment.COLUMNS))
        rows = [(user_id, *(row[name] for name in hot.COLUMNS)) for row in found]
        with database.atomic():
            dialects.load("plain_rows", rows)
    size = tables()["plain_rows"]
    database.execute_sql("DROP TABLE plain_rows")
    return size
