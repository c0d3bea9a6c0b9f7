"""A worker that dies while it adds or takes back leaves the archive as it was or as asked."""

from __future__ import annotations

import pytest

from audiospective import clock, history
from audiospective.imports import stepping, uploads
from audiospective.models.imports import COMMITTING, DONE, UNDOING, UNDONE, Import
from audiospective.services import Services
from tests import factories
from tests.history.crashing import crashing
from tests.imports.importing import done, fresh, month, reviewed, spotify_file

pytestmark = pytest.mark.usefixtures("at_once")


def swept(services: Services, row: Import, before: str, after: str, plays: tuple[int, int]) -> int:
    """Crash the step at its first statement, its second, ... until it gets through; the steps."""
    for at in range(1, 200, 2):
        with crashing(at, late=bool(at % 4 == 1)) as saboteur:
            stepping.work(services, row.id)
        now = fresh(row)
        assert now.status in (before, after)
        assert history.total(row.user_id) == plays[now.status == after]
        if now.status == after:
            return at
        assert saboteur.dead
        # Its lease has run out, and this is no third accident.
        Import.update(lease_until=clock.EPOCH, attempts=0).where(Import.id == row.id).execute()
    raise AssertionError("the step never ends")


def test_dying_at_any_step(services: Services) -> None:
    alice = factories.make_user("alice")
    first = done(services, alice, spotify_file(*month(range(1, 4))))
    row = reviewed(services, alice, spotify_file(*month(range(3, 9))))
    uploads.agree(services, row)
    assert swept(services, row, COMMITTING, DONE, (6, 16)) > 10
    whole = history.frame(alice.id)
    uploads.take_back(services, row)
    assert swept(services, row, UNDOING, UNDONE, (16, 6)) > 10
    assert set(history.frame(alice.id)["import_id"]) == {first.id}
    again = done(services, alice, spotify_file(*month(range(3, 9))))
    assert history.frame(alice.id).drop("import_id").equals(whole.drop("import_id"))
    assert again.added == 10
