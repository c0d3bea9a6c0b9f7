"""The database of every release becomes the newest, on both engines, and nothing of it is lost."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import audiospective
from audiospective import clock, models
from audiospective.models import Connection, RemovedPlay, dialects
from audiospective.models.connections import ACCESS_PLACE, REFRESH_PLACE
from audiospective.models.gaps import Gap
from audiospective.models.notices import Notice
from audiospective.operations import verify
from audiospective.operations.backup import schema
from audiospective.polling import batch
from audiospective.services import Services
from tests.factories import listening
from tests.fakes import FakeSpotify
from tests.fixtures import make_settings
from tests.migrations import release
from tests.support.postgres import Postgres
from tests.support.redis import hang_up

RELEASES = sorted(release.FOLDER.glob("*.json.gz"))
CHANGELOG = (Path(audiospective.__file__).parent.parent / "CHANGELOG.md").read_text()


def fill(tables: dict[str, Any]) -> None:
    """Put a release's rows into its tables, in the place of those that migrations made."""
    every = schema.tables()
    for table in reversed(every):
        dialects.run(f"DELETE FROM {table.name}")
    for table in every:
        if (given := tables.get(table.name)) is None:
            continue
        kinds = [table.columns[column] for column in given["columns"]]
        marks = ", ".join("?" * len(kinds))
        dialects.run_many(
            f"INSERT INTO {table.name} ({', '.join(given['columns'])}) VALUES ({marks})",
            [
                [
                    bool(value) if kind is pl.Boolean and value is not None else value
                    for kind, value in zip(kinds, row, strict=True)
                ]
                for row in given["rows"]
            ],
        )
        if given["columns"][0] == "id" and isinstance(given["rows"][0][0], int):
            numbered = models.database.get_columns(table.name)[0]
            if numbered.default and "nextval" in str(numbered.default):
                dialects.numbered_by_hand(table.name)


@pytest.fixture(params=["sqlite", "postgres"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a database without tables."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/release.db"
        return
    server: Postgres = request.getfixturevalue("postgres")
    name = server.create()
    yield server.url(name)
    server.drop(name)


def goes_on(services: Services, spotify: FakeSpotify, member: dict[str, Any]) -> None:
    """Tokens of then open, and a poll adds what was played since."""
    row = Connection.get_by_id(member["user_id"])
    for place, encrypted in (
        (ACCESS_PLACE, row.access_encrypted),
        (REFRESH_PLACE, row.refresh_encrypted),
    ):
        token = services.vault.decrypt(place, row.user_id, encrypted)
        played = listening(clock.now(), 5, prefix=f"since {row.user_id} ")
        spotify.pages[token] = spotify.pages[f"access-{token}"] = played
    assert batch.now(services, row.user_id).outcomes == {"archived": 1}
    assert release.told(row.user_id)["plays"] == member["plays"] + 5


@pytest.mark.parametrize("path", RELEASES, ids=lambda path: path.name.removesuffix(".json.gz"))
def test_a_release_with_data_becomes_the_newest(
    empty: str, redis_url: str, tmp_path: Path, path: Path
) -> None:
    old = release.read(path)
    spotify = FakeSpotify()
    services = replace(
        Services.build(make_settings(tmp_path / "home", empty, redis_url)),
        spotify=spotify,  # type: ignore[arg-type]
    )
    with models.database.connection_context():
        models.migrate(old["migrations"][-1])
        assert models.pending()
        fill(old["tables"])
        models.migrate()
        assert models.pending() == []

        # Every play is there, by time and Spotify's id; what was deleted stays deleted.
        for member in old["members"].values():
            assert release.told(member["user_id"]) == member
        assert RemovedPlay.select().count() == len(old["tables"]["removed_plays"]["rows"])
        assert Gap.select().count() == len(old["tables"]["gaps"]["rows"]) == 1
        assert all(found.faults == [] for _, found in verify.archives(verify.members()))
        assert verify.catalog() == []

        # The e-mail that was owed is there, its tokens open, and the next poll goes on.
        assert [one.kind for one in Notice.select()] == ["renewal"]
        for member in old["members"].values():
            goes_on(services, spotify, member)
    hang_up(services.redis)


def test_the_database_of_the_next_release_can_be_kept(redis_url: str, tmp_path: Path) -> None:
    path = tmp_path / "next.json.gz"
    release.write(path, "1.0.0", "2030-01-01", redis_url)
    kept = release.read(path)
    alice, bob, charlie = (member["plays"] for member in kept["members"].values())
    assert (alice, bob, charlie) == (14 * 40 - 1, 30 + 50, 0)
    filled = {"play_segments", "catalog_blocks", "plays", "gaps", "removed_plays", "notices"}
    assert filled <= kept["tables"].keys()
    models.bind(f"sqlite:///{tmp_path}/another.db")
    with models.database.connection_context():
        models.migrate()
        fill(kept["tables"])
        for member in kept["members"].values():
            assert release.told(member["user_id"]) == member


def test_every_dated_version_has_its_database_and_the_newest_is_this_one() -> None:
    dated = re.findall(r"^## (\d+\.\d+\.\d+) \((\d{4}-\d\d-\d\d)\)$", CHANGELOG, re.MULTILINE)
    kept = [(made["version"], made["released"]) for made in map(release.read, RELEASES)]
    assert sorted(dated) == sorted(kept)
    assert dated[0][0] == audiospective.__version__
    assert CHANGELOG.index("## Unreleased") < CHANGELOG.index(f"## {dated[0][0]}")
