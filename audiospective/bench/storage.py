"""`bench storage`: bytes a play, sealed and hot, next to plain rows of the same plays."""

from __future__ import annotations

from collections.abc import Sequence

from peewee import fn

from audiospective.bench.cataloging import catalog_rows
from audiospective.bench.filling import archive
from audiospective.bench.listening import Catalog
from audiospective.bench.measuring import Echo, peak_mb, seconds
from audiospective.history import bulk_add, hot, reading, segment
from audiospective.models import Play, PlaySegment, database, dialects
from audiospective.models.sizes import tables, total

YEARS = 6.0
_COLUMNS = (
    "user_id integer NOT NULL, played_at bigint NOT NULL, track_id integer NOT NULL,"
    " source smallint NOT NULL, ms_played integer, context text, flags smallint,"
    " reason_start text, reason_end text, platform text, country text, import_id integer,"
    " timing smallint, seen integer,"
    " PRIMARY KEY (user_id, played_at, track_id)"
)


def run(echo: Echo, *, small: bool) -> None:
    """Fill an empty database and print what things take."""
    members, each, tracks = (10, 4_000, 6_000) if small else (100, 20_000, 60_000)
    empty = total()
    catalog = Catalog.of(tracks)
    catalog_rows(catalog)
    people: list[int] = []
    (took,) = seconds(
        lambda: people.extend(
            archive(catalog, number, each, YEARS, full=False) for number in range(members)
        )
    )
    sizes, whole, rows = tables(), total(), Play.select().count()
    sealed, files = _sealed(people)
    plays = sealed + rows
    segments, hot_rows = sizes["play_segments"], sizes["plays"]
    echo(
        f"{members} members, {plays:,} plays in {PlaySegment.select().count()} segments and"
        f" {rows:,} rows, {len(catalog.durations):,} tracks; made and archived in {took:.0f} s"
    )
    echo(f"  a sealed play, its file           {files / sealed:9.2f} bytes")
    echo(f"  a sealed play, the table          {segments / sealed:9.2f} bytes")
    echo(f"  a hot play, the table             {hot_rows / rows:9.2f} bytes")
    plain = _as_plain_rows(people)
    echo(f"  a plain row with the unique key   {plain / plays:9.2f} bytes")
    with_rows = whole - segments - hot_rows + plain
    echo(f"  whole database                    {whole / 1e6:9.2f} MB (empty: {empty / 1e6:.2f} MB)")
    echo(f"  the same with plain rows          {with_rows / 1e6:9.2f} MB")
    echo(
        f"  the database is {with_rows / whole:.1f} times smaller than with plain rows,"
        f" the plays alone {plain / (segments + hot_rows):.1f} times"
    )
    worst = [
        archive(catalog, 10_000 + number, each, YEARS, full=True) for number in range(members // 10)
    ]
    sealed, files = _sealed(worst)
    echo(f"  worst case, every column full, times in ms: {files / sealed:.2f} bytes a sealed play")
    echo(f"  peak memory {peak_mb():.0f} MB")


def _sealed(people: Sequence[int]) -> tuple[int, int]:
    """Plays in segments, and the bytes of their files."""
    query = PlaySegment.select(fn.SUM(PlaySegment.plays), fn.SUM(PlaySegment.size))
    plays, size = query.where(PlaySegment.user.in_(people)).scalar(as_tuple=True)
    return int(plays), int(size)


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
