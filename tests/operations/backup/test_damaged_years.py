"""A year that was damaged comes back from a backup that has its very bytes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from audiospective import clock
from audiospective.history import integrity
from audiospective.history.closed import objects
from audiospective.models import DamagedSegment, PlaySegment, User
from audiospective.models.notices import Notice
from audiospective.operations import verify
from audiospective.operations.backup import damaged_years, making, sealing
from audiospective.operations.backup.errors import BackupError
from audiospective.services import Services
from tests.imports.restore import archives

KEY = sealing.new_key()


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


def test_a_damaged_year_comes_back_from_a_sealed_backup(
    services: Services, alice: User, tmp_path: Path
) -> None:
    before = archives.plays(alice.id)
    sealed = replace(services, settings=replace(services.settings, backup_key=KEY))
    making.make(sealed, tmp_path / "one.backup")
    year = damage(alice)
    assert archives.plays(alice.id).height < before.height
    assert damaged_years.put_back(sealed, tmp_path / "one.backup") == 1
    found = integrity.examine(alice.id)
    assert (found.healed, found.faults) == ([year], [])
    assert archives.plays(alice.id).equals(before)
    assert not DamagedSegment.select().exists()


def test_a_closed_year_whose_file_is_gone_is_told_and_comes_back(
    services: Services, alice: User, tmp_path: Path
) -> None:
    before = archives.plays(alice.id)
    User.update(is_operator=True, email="a@mail.example", email_verified_at=clock.now()).execute()
    keys = []
    for row in PlaySegment.select():
        keys.append(f"years/here/{alice.id}/{row.year}")
        services.storage.put(keys[-1], bytes(row.blob))
        this = (PlaySegment.user == alice) & (PlaySegment.year == row.year)
        PlaySegment.update(blob=b"", object=keys[-1]).where(this).execute()
    making.make(services, tmp_path / "one.backup")
    services.storage.delete(keys[0])
    objects.bind(services.storage)  # another process, which has read nothing yet
    assert verify.everything(services) == 1
    assert verify.everything(services) == 1
    assert Notice.select().where(Notice.kind == "operator_alert").count() == 1
    assert damaged_years.put_back(services, tmp_path / "one.backup") == 1
    assert integrity.examine(alice.id).faults == []
    assert archives.plays(alice.id).equals(before)


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
