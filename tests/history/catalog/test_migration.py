"""The catalog of the first releases, in rows, becomes blocks: exactly, resumably, beside polls."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from random import Random
from types import ModuleType
from typing import Any

import polars as pl
import pytest
from playhouse.migrations import Runner

from audiospective import clock, history, models
from audiospective.history import append
from audiospective.history.catalog import frames, imported, lookup, polled, tidy
from audiospective.history.catalog.decode import Block
from audiospective.history.catalog.entries import Kind
from audiospective.history.catalog.imported import Named
from audiospective.models import User
from audiospective.models.migrations import DIRECTORY
from audiospective.policy.plays import ArtistFacts, TrackFacts
from tests.history.making import at, play
from tests.support.postgres import Postgres

BEFORE = "0009_exports"
STEP = "0010_catalog_blocks"


@pytest.fixture(params=["sqlite", "postgres"])
def old(request: pytest.FixtureRequest, tmp_path: Any) -> Iterator[Any]:
    """A database as the release before left it."""
    if request.param == "sqlite":
        url, done = f"sqlite:///{tmp_path}/old.db", lambda: None
    else:
        server: Postgres = request.getfixturevalue("postgres")
        name = server.create()
        url, done = server.url(name), lambda: server.drop(name)
    models.bind(url)
    with models.database.connection_context():
        runner().up(BEFORE)
        yield models.database
    done()


def runner() -> Runner:
    return Runner(models.database.obj, str(DIRECTORY))


def step() -> ModuleType:
    """The module that the next run of the migration loads."""
    return importlib.import_module(f"audiospective.migrations.{STEP}")


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Migrate in small portions, with this very module."""
    module = step()
    monkeypatch.setattr(module, "PORTION", 40)
    monkeypatch.setattr("playhouse.migrations.Migration.load", lambda self: module)
    return lambda: runner().up(STEP)


def mark(query: str) -> str:
    return query.replace("?", "%s") if "Postgres" in type(models.database.obj).__name__ else query


def put(table: str, **values: Any) -> None:
    names, marks = ", ".join(values), ", ".join("?" * len(values))
    query = f"INSERT INTO {table} ({names}) VALUES ({marks})"
    models.database.execute_sql(mark(query), tuple(values.values()))


def someone() -> int:
    """A member with the columns that there were; the id."""
    there = {column.name for column in models.database.get_columns("users")}
    user = User(id=1, spotify_account_id="alice", timezone="UTC", minute_offset=0,
                session_key="alice", created_at=clock.now())  # fmt: skip
    values = {
        name: User._meta.fields[name].db_value(value) for name, value in user.__data__.items()
    }
    put("users", **{name: value for name, value in values.items() if name in there})
    return 1


def fill(rng: Random, start: int, many: int) -> None:
    """Rows of every kind from id `start` on, with missing ids and odd facts."""
    for one in range(start, start + many):
        if one % 9 == 4:
            continue  # a number that a refused insert used up
        put("artists", id=one, spotify_id=rng.choice([None, f"artist {one}", f"{one:022d}"]),
            name=rng.choice([f"Artist {one}", "Namesake", "two\nlines"]))  # fmt: skip
        put("albums", id=one, spotify_id=rng.choice([None, f"{one:022d}"]),
            name=f"Album {one % 50}",
            album_type=rng.choice([None, "album", "mixtape"]),
            release_date=rng.choice([None, "1975", "1975-11-21", "odd"]),
            release_date_precision=rng.choice([None, "day", "year"]),
            total_tracks=rng.choice([None, 12, 70_000]),
            image_url=rng.choice([None, "https://elsewhere.example/x.png",
                                  f"https://i.scdn.co/image/ab67616d00001e02{one:024x}"]),
            )  # fmt: skip
        put("tracks", id=one, spotify_id=rng.choice([None, f"{one:022d}"]),
            kind=rng.choice(["track", "track", "episode"]), name=f"Track {one}",
            album_id=rng.choice([None, one]), duration_ms=rng.choice([None, 200_000, 30_000_000]),
            explicit=rng.choice([None, True, False]), isrc=rng.choice([None, "GBAYE7500001", "?"]),
            disc_number=rng.choice([None, 1]), track_number=rng.choice([None, 3, 300]),
            facts=rng.choice([None, rng.getrandbits(63)]))  # fmt: skip
        for position in range(rng.randrange(3)):
            put("track_artists", track_id=one, position=position, artist_id=one)
            break


def old_rows() -> dict[str, list[tuple[Any, ...]]]:
    def rows(query: str) -> list[tuple[Any, ...]]:
        return list(models.database.execute_sql(query).fetchall())

    credits_: dict[int, list[int]] = {}
    for track, artist in rows("SELECT track_id, artist_id FROM track_artists ORDER BY 1, position"):
        credits_.setdefault(track, []).append(artist)
    tracks = rows(
        "SELECT id, spotify_id, name, kind, album_id, duration_ms, explicit, isrc, disc_number,"
        " track_number, facts FROM tracks ORDER BY id"
    )
    return {
        "artists": rows("SELECT id, spotify_id, name FROM artists ORDER BY id"),
        "albums": rows(
            "SELECT id, spotify_id, name, album_type, release_date, release_date_precision,"
            " total_tracks, image_url FROM albums ORDER BY id"
        ),
        "tracks": [
            (*row[:5], tuple(credits_.get(row[0], ())), row[5],
             None if row[6] is None else bool(row[6]), *row[7:10], row[10] is not None)
            for row in tracks
        ],
    }  # fmt: skip


def new_rows() -> dict[str, list[tuple[Any, ...]]]:
    found: dict[str, list[tuple[Any, ...]]] = {}
    for kind in Kind:
        blocks = [(one, Block(kind, one.count, one.numbers, one.facts))
                  for one in tidy.every_block(kind)]  # fmt: skip
        found[f"{kind.name.lower()}s"] = [
            (stored.first + place, *entry)
            for stored, block in blocks
            for place, entry in enumerate(block)
            if entry is not None
        ]
    return found


def with_words() -> None:
    """Today's way of using the catalog asks for a column that came later."""
    models.database.execute_sql(
        "ALTER TABLE catalog_state ADD COLUMN words BIGINT NOT NULL DEFAULT 0"
    )


def test_every_row_comes_out_as_it_was(old: Any, run: Callable[[], None]) -> None:
    fill(Random(1), 1, 170)
    fill(Random(2), 60_000, 20)  # numbers that an interrupted import skipped
    before = old_rows()
    run()
    with_words()
    assert new_rows() == before
    assert not old.table_exists("tracks")
    names = {row[1]: row[0] for row in before["tracks"] if row[1]}
    wanted = [Named(spotify_id, "track", "whatever") for spotify_id in names]
    described = {row[0] for row in before["tracks"] if row[-1]}
    for named, track in imported.remember(wanted).items():
        if names[str(named.spotify_id)] in described:
            assert track == names[str(named.spotify_id)]


def test_plays_are_the_same_and_polls_go_on(old: Any, run: Callable[[], None]) -> None:
    # Today's way of reading plays asks for a column that came later.
    models.database.execute_sql("ALTER TABLE play_segments ADD COLUMN object TEXT")
    fill(Random(3), 1, 60)
    alice = someone()
    tracks = [row[0] for row in old_rows()["tracks"]]
    for n, one in enumerate(tracks):
        play(alice, at(n), one)  # today's way of storing plays asks for today's catalog
    before = history.frame(alice)
    run()
    with_words()
    assert history.frame(alice).equals(before)
    assert lookup.tracks(tracks)[tracks[0]].title == f"Track {tracks[0]}"
    assert frames.of(pl.Series("track", tracks, dtype=pl.Int32)).height == len(tracks)
    fresh = polled.remember([TrackFacts("new", "New", artists=(ArtistFacts("a", "A"),))])["new"]
    assert fresh == max(tracks) + 1
    append.polled([append.NewPlay(alice, at(500), fresh, None)])
    assert history.total(alice) == before.height + 1


def test_what_was_described_is_known_to_the_next_poll(old: Any, run: Callable[[], None]) -> None:
    told = TrackFacts("0" * 21 + "7", "Track 7", duration_ms=1_000)
    body = int.from_bytes(_old_digest(told), "big") >> 1
    put("tracks", id=7, spotify_id=told.spotify_id, kind="track", name="Track 7",
        duration_ms=1_000, facts=body)  # fmt: skip
    run()
    with_words()
    assert polled._unchanged(
        {told.spotify_id: polled.buckets.by_id(Kind.TRACK, told.spotify_id)},
        {told.spotify_id: polled.digest(told)},
    ) == {told.spotify_id: 7}


def _old_digest(told: TrackFacts) -> bytes:
    import hashlib

    import orjson

    return hashlib.blake2b(orjson.dumps(told), digest_size=8).digest()


class StoppedError(Exception):
    pass


@pytest.mark.parametrize("statements", [5, 12, 23, 41, 60, 83, 104, 140])
def test_stopped_anywhere_it_goes_on_and_nothing_is_lost(
    old: Any, run: Callable[[], None], monkeypatch: pytest.MonkeyPatch, statements: int
) -> None:
    """The first times it is stopped the release before writes more rows; then it gets on faster."""
    fill(Random(4), 1, 100)
    module = step()
    whole, left = module.Copy.run, [statements]

    def some(self: Any, query: str, *values: Any) -> Any:
        left[0] -= 1
        if left[0] == 0:
            raise StoppedError
        return whole(self, query, *values)

    monkeypatch.setattr(module.Copy, "run", some)
    stops = 0
    start = 200
    while old.table_exists("tracks"):
        before = old_rows()
        try:
            run()
        except StoppedError:
            stops += 1
            if stops < 3:
                fill(Random(stops), start, 20)
                start += 20
            left[0] = statements * max(stops + 1, stops**2 // 2)
    assert stops
    assert new_rows() == before
