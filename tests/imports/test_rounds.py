"""Which imports a round has looked at again, and that it asks once, however many there are."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from audiospective import models
from audiospective.history import append
from audiospective.history.catalog import polled
from audiospective.imports import rounds
from audiospective.models import Import, User
from audiospective.models.imports import DONE, LOOK_AGAIN, REVIEW
from audiospective.services import Services
from tests import factories

NOON = datetime(2025, 3, 5, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def bring(user: User, first: datetime | None = NOON, **more: Any) -> Import:
    """A finished import of plays from `first` to four hours later."""
    last = first and first + 4 * HOUR
    values = {"status": DONE, "created_at": NOON, "changed_at": NOON, **more}
    return Import.create(user=user, first_at=first, last_at=last, **values)


def poll(user: User, at: datetime) -> None:
    play = factories.play(at)
    track = polled.remember([play.track])[play.track.spotify_id]
    append.polled([append.NewPlay(user.id, play.played_at, track, None)])


def test_members_whose_polls_brought_plays_in_the_time_of_an_import_are_looked_at(
    services: Services,
) -> None:
    alice, bob, charlie = map(factories.make_user, ("alice", "bob", "charlie"))
    for number, day in enumerate(range(3)):
        bring(alice, NOON + timedelta(days=day), polls_seen=int(number == 0))
    bring(bob, status=REVIEW)
    bring(charlie, None)  # which tells of no time
    for user in (alice, bob, charlie):
        poll(user, NOON + HOUR)
    assert rounds.join(services) == 0
    poll(alice, NOON + timedelta(days=2, hours=5) - timedelta(milliseconds=1))
    poll(alice, NOON + timedelta(days=1) - HOUR - timedelta(milliseconds=1))
    assert Import.to_look_at(~Import.live) == [alice.id]
    bring(bob, polls_seen=LOOK_AGAIN, live=True)
    assert rounds.to_join() == [bob.id]


def test_a_round_asks_once_however_many_imports_there_are(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("alice", "bob"):
        user = factories.make_user(name)
        poll(user, NOON)
        for day in range(5):
            bring(user, NOON + timedelta(days=day))
    asked: list[str] = []
    run = models.database.obj.execute_sql

    def noted(sql: str, *args: Any, **kwargs: Any) -> Any:
        asked.append(sql)
        return run(sql, *args, **kwargs)

    monkeypatch.setattr(models.database.obj, "execute_sql", noted)
    assert rounds.join(services) == 2
    assert len(asked) == 1
