"""`bench storage`: bytes a play all told, by part, in an instance that grows as listening does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

import polars as pl
from peewee import fn

from audiospective import clock, history
from audiospective.bench import autovacuum, invented_catalog
from audiospective.bench.filling import frame
from audiospective.bench.listening import TODAY, Catalog
from audiospective.bench.measuring import Echo, peak_mb
from audiospective.bench.scratch import member
from audiospective.history import bulk_add, hot_tail, reading, row_size, sealing, segment
from audiospective.history.catalog import compact, polled
from audiospective.models import Play, PlaySegment, database, dialects, transaction
from audiospective.models.plays import FROM_POLL
from audiospective.models.sizes import tables, total
from audiospective.policy.catalog_growth import PUBLISHED
from audiospective.policy.plays import TrackFacts
from audiospective.policy.sealing import KEEP, TRIGGER
from audiospective.policy.storage import PLAYS_A_DAY

YEARS = 3
STEPS = 12  # a quarter each: every member's year is written anew four times, in truth more often
TOLD = (2, 4, 8, 10, 12)  # steps whose end is reported
A_CYCLE = TRIGGER - KEEP  # plays between two sealings
POLLED = 2 * A_CYCLE  # plays of a member that come as polls bring them, before a report
AT_ONCE = 10  # of them
NEWS = 20  # tracks a transaction, as polls bring them
CLEARED = 300  # new tracks after which autovacuum would have looked at the index
COMPACTED = 20_000  # the weekly job, where years take minutes
LISTENERS = 20  # members who listen; the others do as one of them did, at other times, other tracks
SAMPLE = 10  # members whose plays are also written as plain rows
_CATALOG = ("catalog_open", "catalog_buckets", "catalog_blocks")
_OBJECT = "years/0123456789abcdef/1000/2024-" + "f" * 64 + "-0123456789abcdef"
_POLL_TELLS = ("user", "played_at", "track", "source", "context")
_COLUMNS = (
    "user_id integer NOT NULL, played_at bigint NOT NULL, track_id integer NOT NULL,"
    " source smallint NOT NULL, ms_played integer, context text, flags smallint,"
    " reason_start text, reason_end text, platform text, country text, import_id integer,"
    " timing smallint, seen integer,"
    " PRIMARY KEY (user_id, played_at, track_id)"
)


def run(echo: Echo, *, small: bool, members: int) -> None:
    """Let an empty database grow for three years and print what things take on the way."""
    crowd = 4 if small else members
    each = int(YEARS * 365.25 * (3 if small else PLAYS_A_DAY))  # plays of a member
    began, empty = clock.monotonic(), total()
    most = round(PUBLISHED.tracks(crowd * each))
    catalog, news = Catalog.of(most), invented_catalog.arrivals(most)
    heard = [
        frame(catalog, number, each, TODAY, YEARS, full=False)
        for number in range(min(LISTENERS, crowd))
    ]
    people = [member(number) for number in range(crowd)]
    cleared = autovacuum.Autovacuum()
    tracks = 0
    for step in range(1, STEPS + 1):
        told = step in TOLD
        waiting: list[pl.DataFrame] = []
        for number, user_id in enumerate(people):
            plays = _slice(heard[number % LISTENERS], step)
            plays = _alike(plays, number // LISTENERS, most)
            late = min(plays.height // 2, POLLED + number * 37 % A_CYCLE) if told else 0
            _absorb(user_id, plays.head(plays.height - late), cleared)
            waiting.append(plays.tail(late))
            known = (step - 1 + (number + 1) / crowd) / STEPS  # of all plays
            tracks += _remember(news, tracks, round(PUBLISHED.tracks(known * crowd * each)))
        if told:
            _polled(people, waiting, cleared)
            compact.compact()
            dialects.vacuum(*_CATALOG)
            _report(echo, people, step / STEPS * YEARS, tracks, clock.monotonic() - began)
    _rows_at_their_best(echo)
    count, size = len(people) * each, total() - tables()["play_segments"] - tables()["plays"]
    plain = _as_plain_rows(people[:SAMPLE]) / (each * min(SAMPLE, len(people)))
    echo(
        f"with plain rows of {plain:.0f} bytes, keys included, {(size + plain * count) / 1e6:.2f}"
        f" MB (empty: {empty / 1e6:.2f} MB)"
    )
    _moved(echo)


def _slice(plays: pl.DataFrame, step: int) -> pl.DataFrame:
    first, last = (at * plays.height // STEPS for at in (step - 1, step))
    return plays.slice(first, last - first)


def _alike(plays: pl.DataFrame, generation: int, tracks: int) -> pl.DataFrame:
    """The same listening to other tracks at other times: as varied, and made in no time."""
    away = generation * tracks // 61
    return plays.with_columns(
        (pl.col("track").cast(pl.Int64) + away).mod(tracks).add(1).cast(pl.Int32).alias("track"),
        pl.col("played_at") - pl.duration(milliseconds=generation * 7_654_321),
    ).sort(segment.KEY)


def _absorb(user_id: int, plays: pl.DataFrame, cleared: autovacuum.Autovacuum) -> None:
    """Most plays of a quarter at once; the newest hundred stay rows."""
    history.absorb(user_id, plays)
    cleared.gone("plays", KEEP)
    cleared.gone("play_segments", 1)


def _polled(
    people: Sequence[int], waiting: Sequence[pl.DataFrame], cleared: autovacuum.Autovacuum
) -> None:
    """The last plays, a few of each member in turn, sealed when there are many.

    So rows hold what polls tell, are as scattered, and as many were deleted between them, as where
    polls bring them. All others have every column, as if an export had told of them, too.
    """
    rows = [
        [{name: _as_polled(name, value) for name, value in row.items()} for row in own]
        for own in map(bulk_add.as_rows, waiting)
    ]
    for start in range(0, max(map(len, rows)), AT_ONCE):
        for user_id, own in zip(people, rows, strict=True):
            if coming := own[start : start + AT_ONCE]:
                with transaction():
                    hot_tail.insert(user_id, coming)
                if moved := sealing.seal(user_id):
                    cleared.gone("plays", moved)
                    cleared.gone("play_segments", 1)


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


def _report(echo: Echo, people: Sequence[int], years: float, tracks: int, took: float) -> None:
    sizes, whole = tables(), total()
    sealed, files = PlaySegment.select(fn.SUM(PlaySegment.plays), fn.SUM(PlaySegment.size)).scalar(
        as_tuple=True
    )
    rows = Play.select().count()
    plays = int(sealed) + rows
    names = sum(size for name, size in sizes.items() if name.startswith("catalog_"))
    echo(
        f"{len(people):,} members, {years:g} years: {plays:,} plays, {tracks:,} tracks;"
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


def _rows_at_their_best(echo: Echo) -> None:
    """What rows take that were written once, in order, by what is known of them."""
    full = row_size.sample()
    names = ("user", *hot_tail.COLUMNS)
    bare = [tuple(map(_as_polled, names, row)) for row in full]
    echo(
        f"a row by itself: {row_size.row_cost(full):.0f} bytes with every column,"
        f" {row_size.row_cost(bare):.0f} as a poll brings it"
    )


def _as_polled(name: str, value: object) -> object:
    if name == "source":
        return FROM_POLL
    return value if name in _POLL_TELLS else None


def _as_plain_rows(people: Sequence[int]) -> int:
    """Bytes of the same plays in a table of rows with its key; filled in order, so at its best."""
    database.execute_sql(f"CREATE TABLE plain_rows ({_COLUMNS}){dialects.in_key_order()}")
    for user_id in people:
        found = bulk_add.as_rows(reading.between(user_id, None, None, segment.COLUMNS))
        rows = [(user_id, *(row[name] for name in hot_tail.COLUMNS)) for row in found]
        with database.atomic():
            dialects.load("plain_rows", rows)
    size = tables()["plain_rows"]
    database.execute_sql("DROP TABLE plain_rows")
    return size


def _moved(echo: Echo) -> None:
    """What stays here of closed years, once storage has their bytes; the last thing of a run."""
    closed = PlaySegment.year < TODAY.year
    years = PlaySegment.update(blob=b"", object=_OBJECT).where(closed).execute()
    dialects.shrink("play_segments")
    echo(
        f"with {years:,} closed years in storage {total() / 1e6:.2f} MB,"
        f" {tables()['play_segments'] / 1e6:.2f} of them the other years"
    )
