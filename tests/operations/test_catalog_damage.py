"""What of the catalog cannot be read is noticed soon, told, and comes back from a backup."""

from __future__ import annotations

import logging
from pathlib import Path
from unittest.mock import Mock

import pytest
from peewee import DatabaseError, OperationalError

from audiospective import clock, log
from audiospective.history.catalog import dictionaries, examine, lookup, polled, rows
from audiospective.history.catalog.entries import Kind
from audiospective.models import CatalogBlock, CatalogWords, dialects
from audiospective.models.catalog import OpenBlock
from audiospective.operations import catalog_damage, verify
from audiospective.operations.backup import damaged_blocks, making
from audiospective.operations.doctor import catalog
from audiospective.policy.plays import ArtistFacts, TrackFacts
from audiospective.services import Services
from tests.support.clocks import Frozen


def told(numbers: range) -> dict[str, int]:
    """Tracks that Spotify names, each by an artist of its own."""
    return polled.remember(
        TrackFacts(f"track {one}", f"Song {one}", artists=(ArtistFacts(f"a {one}", f"Who {one}"),))
        for one in numbers
    )


def spoil(model: type[CatalogBlock] | type[OpenBlock], kind: Kind) -> int:
    """Alter the first block of a kind; its key."""
    first = rows.key_of(kind, 0)
    row = model.select().where(model.id.between(first, first + 2**32)).order_by(model.id).get()
    model.update(facts=bytes(row.facts)[:-9]).where(model.id == row.id).execute()
    return int(row.id)


@pytest.fixture
def large(services: Services) -> dict[str, int]:
    """A catalog with large blocks and open ones."""
    ids: dict[str, int] = {}
    for start in range(0, 320, 40):
        ids |= told(range(start, start + 40))
    assert CatalogBlock.select().exists()
    assert OpenBlock.select().exists()
    return ids


def test_every_block_is_looked_at_in_turn_and_what_is_damaged_is_told_until_it_is_whole(
    large: dict[str, int], services: Services, frozen: Frozen, monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    caplog.set_level(logging.INFO, logger=log.ROOT)
    monkeypatch.setattr(catalog_damage, "PORTION", 2)
    assert catalog_damage.look(clock.now()) is None
    before = {row.id: bytes(row.facts) for row in CatalogBlock.select()}
    passed = len(before) + OpenBlock.select().count()
    key = spoil(CatalogBlock, Kind.TRACK)
    found = []
    for _ in range(passed):
        frozen.forward(minutes=5)
        found.append(catalog_damage.look(clock.now()))
    since = next(one for one in found if one)[0]
    assert found[0] is None  # two blocks a time
    assert found[-1] is not None
    assert found[-1][0] == since
    assert "1 block cannot be read; the first is catalog: tracks 1 to" in found[-1][1]
    assert catalog.look(services).advice
    assert [one.msg for one in caplog.records].count("catalog_damaged") == 1
    CatalogBlock.update(facts=before[key]).where(CatalogBlock.id == key).execute()
    for _ in range(passed):
        frozen.forward(minutes=5)
        last = catalog_damage.look(clock.now())
    assert last is None
    assert catalog.look(services).advice == ""


def test_new_entries_are_looked_at_each_time(
    large: dict[str, int], frozen: Frozen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catalog_damage, "PORTION", 1)
    catalog_damage.look(clock.now())
    spoil(OpenBlock, Kind.TRACK)
    assert catalog_damage.look(clock.now()) is None  # not before it is time
    frozen.forward(minutes=5)
    assert catalog_damage.look(clock.now()) is not None


def test_the_command_and_the_weekly_check_tell_it_at_once_and_when_it_is_over(
    large: dict[str, int], services: Services
) -> None:
    spoil(CatalogBlock, Kind.ARTIST)
    assert verify.everything(services) == 1
    assert catalog_damage.standing() is not None
    CatalogBlock.delete().execute()
    assert verify.catalog() == []
    assert catalog_damage.standing() is None


def test_new_tracks_are_stored_although_the_newest_block_is_damaged(large: dict[str, int]) -> None:
    key = spoil(OpenBlock, Kind.TRACK)
    ids = {}
    for start in range(400, 720, 40):  # enough to make large blocks of them twice
        ids |= told(range(start, start + 40))
    assert {one.title for one in lookup.tracks(ids.values()).values()} == {
        f"Song {one}" for one in range(400, 720)
    }
    assert [one.key for one in examine.faults()] == [key]
    whole = [one for name, one in large.items() if one < key & (2**32 - 1)]
    assert all(one.title for one in lookup.tracks(whole).values())


def test_blocks_and_words_come_back_from_a_backup(
    large: dict[str, int], services: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = dictionaries.keep(b"Song Who ")
    making.make(services, tmp_path / "one.backup")
    keys = {spoil(CatalogBlock, kind) for kind in (Kind.TRACK, Kind.ARTIST)}
    keys.add(spoil(OpenBlock, Kind.TRACK))
    dialects.run("UPDATE catalog_words SET words = ?", [b"other words"])
    assert {one.key for one in examine.faults()} == keys
    version = rows.version()
    assert damaged_blocks.put_back(services, tmp_path / "one.backup") == 3
    assert list(examine.faults()) == []
    assert bytes(CatalogWords.get_by_id(number).words) == b"Song Who "
    assert rows.version() > version
    assert {one.title for one in lookup.tracks(large.values()).values()} == {
        f"Song {one}" for one in range(320)
    }
    assert damaged_blocks.put_back(services, tmp_path / "one.backup") == 0


def refused(monkeypatch: pytest.MonkeyPatch, *keys: int) -> None:
    """As where pages of the disk are damaged: the database gives no answer with these bytes."""
    real = rows._read

    def read(query: str, *values: int) -> list[rows.StoredBlock]:
        found = real(query, *values)
        if any(one.key in keys and one.size for one in found):
            raise DatabaseError("database disk image is malformed\nmore")
        return found

    monkeypatch.setattr(rows, "_read", read)


def test_what_the_database_itself_finds_damaged_is_told_and_the_walk_goes_on(
    large: dict[str, int], frozen: Frozen, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = sorted([row.id for row in CatalogBlock.select()] + [row.id for row in OpenBlock])
    newest = max(row.id for row in OpenBlock)
    refused(monkeypatch, keys[0], newest)
    monkeypatch.setattr(catalog_damage, "PORTION", 2)
    found = catalog_damage.look(clock.now())
    assert found is not None
    assert found[1].startswith("2 blocks cannot be read")
    assert found[1].endswith("on cannot be read: database disk image is malformed.")
    key = spoil(CatalogBlock, Kind.TRACK)
    for _ in keys:
        frozen.forward(minutes=5)
        found = catalog_damage.look(clock.now())
    assert found is not None
    assert found[1].startswith("3 blocks cannot be read")
    assert {one.key for one in examine.faults()} == {keys[0], key, newest}


def test_keys_that_the_database_cannot_list_are_told_and_a_database_that_is_away_is_not(
    large: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    refused(monkeypatch, *[row.id for row in CatalogBlock.select()])
    damaged = DatabaseError("invalid page in block 0")
    monkeypatch.setattr(rows, "keys_after", Mock(side_effect=damaged))
    assert [one.said.split(": ")[-1] for one in examine.faults()] == ["invalid page in block 0"]
    monkeypatch.setattr(rows, "_read", Mock(side_effect=OperationalError("server is gone")))
    with pytest.raises(OperationalError):
        catalog_damage.look(clock.now())
    assert catalog_damage.standing() is None


def test_blocks_that_the_database_does_not_give_come_back_from_a_backup(
    large: dict[str, int], services: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    making.make(services, tmp_path / "one.backup")
    key = spoil(CatalogBlock, Kind.TRACK)
    with monkeypatch.context() as patched:
        refused(patched, key)
        assert damaged_blocks.put_back(services, tmp_path / "one.backup") == 1
    assert list(examine.faults()) == []


def test_a_block_that_has_other_entries_by_now_is_not_put_back(
    large: dict[str, int], services: Services, tmp_path: Path
) -> None:
    making.make(services, tmp_path / "one.backup")
    key = spoil(CatalogBlock, Kind.TRACK)
    CatalogBlock.update(count=CatalogBlock.count - 1).where(CatalogBlock.id == key).execute()
    assert damaged_blocks.put_back(services, tmp_path / "one.backup") == 0
