"""`bench storage`: bytes a play all told, by part, in instances that grow as listening does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

import polars as pl
from peewee import fn

from audiospective import clock, history
from audiospective.bench import invented_catalog
from audiospective.bench.filling import frame
from audiospective.bench.listening import TODAY, Catalog
from audiospective.bench.measuring import Echo, peak_mb
from audiospective.bench.scratch import member
from audiospective.history import bulk_add, hot, reading, segment
from audiospective.history.catalog import compact, polled
from audiospective.models import PlaySegment, database, dialects
from audiospective.models.sizes import tables, total
from audiospective.policy.catalog_growth import PUBLISHED
from audiospective.policy.plays import TrackFacts
from audiospective.policy.storage import PLAYS_A_DAY

YEARS = 3
A_YEAR = 4  # how often a year's segment is written anew here; sealing does it more often
NEWS = 20  # tracks a transaction, as polls bring them
CLEARED = 300  # new tracks after which autovacuum would have looked at the index
COMPACTED = 20_000  # the weekly job, where years take minutes
LISTENERS = 20  # members who listen; the others do as one of them did, at other times, other tracks
REST = 50  # plays that wait in rows besides the 100 that always do, on average
SAMPLE = 10  # members whose plays are also written as plain rows
_CATALOG = ("catalog_open", "catalog_buckets", "catalog_blocks")
_COLUMNS = (
    "user_id integer NOT NULL, played_at bigint NOT NULL, track_id integer NOT NULL,"
    " source smallint NOT NULL, ms_played integer, context text, flags smallint,"
    " reason_start text, reason_end text, platform text, country text, import_id integer,"
    " timing smallint, seen integer,"
    " PRIMARY KEY (user_id, played_at, track_id)"
)


def run(echo: Echo, *, small: bool) -> None:
    """Fill an empty database with ever more members of three years and print what things take."""
    crowds = (2, 4) if small else (10, 50, 100, 180, 250, 500, 1_000)
    each = int(YEARS * 365.25 * (3 if small else PLAYS_A_DAY))  # plays of a member
    began, empty = clock.monotonic(), total()
    most = round(PUBLISHED.tracks(crowds[-1] * each))
    catalog, news = Catalog.of(most), invented_catalog.arrivals(most)
    tracks, people, heard = 0, [], []
    for number in range(crowds[-1]):
        people.append(member(number))
        if number < LISTENERS:
            heard.append(frame(catalog, number, each, TODAY, YEARS, full=False))
        _archive(people[-1], _alike(heard[number % LISTENERS], number // LISTENERS, most))
        tracks += _remember(news, tracks, round(PUBLISHED.tracks(len(people) * each)))
        # What autovacuum does by itself where the same takes years.
        dialects.vacuum("plays")
        if number % max(1, number // 50) == 0:
            dialects.vacuum("play_segments")
        if len(people) in crowds:
            compact.compact()
            dialects.vacuum("plays", "play_segments", *_CATALOG)
            _report(echo, people, tracks, clock.monotonic() - began)
    count, size = len(people) * each, total() - tables()["play_segments"] - tables()["plays"]
    plain = _as_plain_rows(people[:SAMPLE]) / (each * min(SAMPLE, len(people)))
    echo(
        f"with plain rows of {plain:.0f} bytes, keys included, {(size + plain * count) / 1e6:.2f}"
        f" MB (empty: {empty / 1e6:.2f} MB)"
    )


def _alike(plays: pl.DataFrame, generation: int, tracks: int) -> pl.DataFrame:
    """The same listening to other tracks at other times: as varied, and made in no time."""
    away = generation * tracks // 61
    return plays.with_columns(
        (pl.col("track").cast(pl.Int64) + away).mod(tracks).add(1).cast(pl.Int32).alias("track"),
        pl.col("played_at") - pl.duration(milliseconds=generation * 7_654_321),
    ).sort(segment.KEY)


def _archive(user_id: int, plays: pl.DataFrame) -> None:
    """A few months at a time; the last plays stay rows, as between two sealings."""
    rest = plays.tail(REST)
    older = plays.head(plays.height - REST)
    step = -(-older.height // (YEARS * A_YEAR))
    for part in older.iter_slices(step):
        history.absorb(user_id, part)
    hot.insert(user_id, bulk_add.as_rows(rest))


def _remember(news: Iterator[TrackFacts], known: int, wanted: int) -> int:
    """Store new tracks until there are `wanted`; how many there were."""
    at = known
    while at < wanted and (chunk := list(islice(news, min(NEWS, wanted - at)))):
        polled.remember(chunk)
        before, at = at, at + len(chunk)
        if at // CLEARED > before // CLEARED:
            dialects.vacuum("catalog_open", "catalog_buckets")
        if at // COMPACTED > before // COMPACTED:
            compact.compact()
            dialects.vacuum("catalog_blocks")
    return at - known


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
