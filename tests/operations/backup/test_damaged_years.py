"""A year that was damaged comes back from a backup that has its very bytes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from audiospective import clock
from audiospective.history import bulk_add, integrity, sealing, segment
from audiospective.history.closed import objects
from audiospective.models import DamagedSegment, PlaySegment, User
from audiospective.models.notices import Notice
from audiospective.operations import verify
from audiospective.operations.backup import damaged_years, encryption, making
from audiospective.operations.backup.errors import BackupError
from audiospective.services import Services
from tests.factories import make_user
from tests.history.closing import Fragile, bound
from tests.imports.restore import archives
from tests.support.clocks import Frozen

KEY = encryption.new_key()


@pytest.fixture
def alice(services: Services) -> User:
    return archives.full()


def damage(user: User) -> int:
    """Spoil the oldest year of somebody and have it found; the year."""
    year = int(
        PlaySegment.select().where(PlaySegment.user == user).order_by(PlaySegment.year).get().year
    )
    this = (PlaySegment.user == user) & (PlaySegment.year == year)
    PlaySegment.update(blob=b"spoilt").where(this).execute()
    assert len(integrity.examine(user.id).faults) == 1
    return year


def operated_with_years_in_storage(services: Services, user: User) -> list[str]:
    """Let somebody be the operator, their years be in storage alone; the keys."""
    User.update(is_operator=True, email="a@mail.example", email_verified_at=clock.now()).execute()
    keys = []
    for row in PlaySegment.select():
        keys.append(f"years/here/{user.id}/{row.year}")
        services.storage.put(keys[-1], bytes(row.blob))
        this = (PlaySegment.user == user) & (PlaySegment.year == row.year)
        PlaySegment.update(blob=b"", object=keys[-1]).where(this).execute()
    return keys


def lose(services: Services, key: str) -> None:
    """Remove a file; another process, which has read nothing yet, looks next."""
    services.storage.delete(key)
    objects.bind(services.storage)


def alerts() -> int:
    return int(Notice.select().where(Notice.kind == "operator_alert").count())


def test_a_damaged_year_comes_back_from_an_encrypted_backup(
    services: Services, alice: User, tmp_path: Path
) -> None:
    before = archives.plays(alice.id)
    encrypted = replace(services, settings=replace(services.settings, backup_key=KEY))
    making.make(encrypted, tmp_path / "one.backup")
    year = damage(alice)
    assert archives.plays(alice.id).height < before.height
    assert damaged_years.put_back(encrypted, tmp_path / "one.backup") == 1
    found = integrity.examine(alice.id)
    assert (found.healed, found.faults) == ([year], [])
    assert archives.plays(alice.id).equals(before)
    assert not DamagedSegment.select().exists()


def test_a_closed_year_whose_file_is_gone_is_told_and_comes_back(
    services: Services, alice: User, tmp_path: Path
) -> None:
    before = archives.plays(alice.id)
    key = operated_with_years_in_storage(services, alice)[0]
    making.make(services, tmp_path / "one.backup")
    lose(services, key)
    assert verify.everything(services) == 1
    assert verify.everything(services) == 1
    assert alerts() == 1
    assert damaged_years.put_back(services, tmp_path / "one.backup") == 1
    assert integrity.examine(alice.id).faults == []
    assert archives.plays(alice.id).equals(before)


def test_a_closed_year_that_is_lost_a_second_time_is_told_a_second_time(
    services: Services, alice: User, tmp_path: Path, frozen: Frozen
) -> None:
    key, other = operated_with_years_in_storage(services, alice)[:2]
    content = services.storage.get(key)
    making.make(services, tmp_path / "one.backup")
    lose(services, key)
    verify.everything(services)
    frozen.forward(days=7)
    lose(services, other)
    verify.everything(services)
    assert alerts() == 2
    frozen.forward(days=7)
    services.storage.put(key, content)
    assert verify.everything(services) == 1
    assert alerts() == 2
    frozen.forward(days=7)
    lose(services, key)
    verify.everything(services)
    assert alerts() == 3
    assert damaged_years.put_back(services, tmp_path / "one.backup") == 2
    frozen.forward(days=1)  # before the next check
    lose(services, key)
    verify.everything(services)
    assert alerts() == 4


def test_a_year_that_is_damaged_again_after_it_was_whole_is_told_again(
    services: Services, alice: User, frozen: Frozen
) -> None:
    User.update(is_operator=True, email="a@mail.example", email_verified_at=clock.now()).execute()
    content = bytes(PlaySegment.select().order_by(PlaySegment.year).get().blob)
    year = damage(alice)
    verify.report_damage(services)
    verify.report_damage(services)
    assert alerts() == 1
    DamagedSegment.update(blob=content).execute()
    assert integrity.examine(alice.id).healed == [year]
    frozen.forward(days=30)
    damage(alice)
    verify.report_damage(services)
    assert alerts() == 2


def test_what_is_lost_is_not_told_again_after_storage_was_away(
    services: Services, alice: User, frozen: Frozen
) -> None:
    lose(services, operated_with_years_in_storage(services, alice)[0])
    verify.everything(services)
    fragile = Fragile(services.storage)
    fragile.away = True
    with bound(fragile):
        assert verify.everything(services) > 1
    frozen.forward(days=7)
    assert verify.everything(services) == 1
    assert alerts() == 1


def test_a_year_that_cannot_be_taken_in_again_ends_no_check(
    services: Services, alice: User
) -> None:
    content = bytes(PlaySegment.select().order_by(PlaySegment.year).get().blob)
    year = damage(alice)
    late = segment.decode(content).head(1)
    bulk_add.absorb(alice.id, late)  # its year goes on
    keys = operated_with_years_in_storage(services, alice)
    lose(services, next(key for key in keys if key.endswith(f"/{year}")))
    DamagedSegment.update(blob=content).execute()
    assert verify.everything(services) == 2
    assert alerts() == 2  # of what stands aside, and of what is lost
    assert DamagedSegment.select().count() == 1


def test_an_archive_that_cannot_be_examined_keeps_no_other_from_it(
    services: Services, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = bytes(PlaySegment.select().order_by(PlaySegment.year).get().blob)
    bob = make_user("bob")
    bulk_add.absorb(bob.id, segment.decode(content))
    sealing.seal(bob.id, keep=0, trigger=0)
    PlaySegment.update(blob=b"spoilt").where(PlaySegment.user == bob).execute()
    misfit = integrity._misfit

    def breaks(row: Any, plays: pl.DataFrame) -> str | None:
        if row.user_id == alice.id:
            raise ValueError("something that nobody thought of")
        return misfit(row, plays)

    monkeypatch.setattr(integrity, "_misfit", breaks)
    assert verify.everything(services) == 2
    assert {row.user_id for row in DamagedSegment.select()} == {bob.id}


def test_a_backup_from_after_the_damage_changes_nothing(
    services: Services, alice: User, tmp_path: Path
) -> None:
    this = PlaySegment.user == alice
    PlaySegment.update(blob=b"spoilt").where(this).execute()
    making.make(services, tmp_path / "late.backup")
    integrity.examine(alice.id)
    assert damaged_years.put_back(services, tmp_path / "late.backup") == 0
    assert {bytes(row.blob) for row in DamagedSegment.select()} == {b"spoilt"}


def test_a_backup_that_cannot_be_read_is_told_in_one_line(
    services: Services, tmp_path: Path
) -> None:
    (tmp_path / "no.backup").write_bytes(b"nothing of the kind")
    with pytest.raises(BackupError, match="damaged"):
        damaged_years.put_back(services, tmp_path / "no.backup")
