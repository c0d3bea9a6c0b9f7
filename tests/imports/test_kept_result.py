"""What a review worked out is used where nothing has changed since, and only there."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest
from polars.exceptions import PanicException

from audiospective import clock, history
from audiospective.history import append, removal
from audiospective.history.catalog import polled
from audiospective.imports import apply_import, kept_result, storing, uploads
from audiospective.imports.findings import Findings
from audiospective.models import TrackLink, User
from audiospective.models.imports import DONE, Import
from audiospective.services import Services
from tests import factories
from tests.imports.importing import (
    done,
    lastfm_file,
    month,
    reviewed,
    spotify_file,
    worked,
)

pytestmark = pytest.mark.usefixtures("at_once")
Meanwhile = Callable[[Services, User, Import], Any]


def poll(_: Services, user: User, __: Import) -> None:
    page = factories.listening(datetime(2025, 3, 9, 12, tzinfo=UTC), 1)
    (play,) = page.plays
    track = polled.remember([play.track])[play.track.spotify_id]
    append.polled([append.NewPlay(user.id, play.played_at, track, None)])


def deletion(_: Services, user: User, __: Import) -> None:
    play = history.recent(user.id, 1)[0]
    removal.remove(user.id, [(clock.to_ms(play.played_at), play.track_id)])


def import_of_others(services: Services, user: User, _: Import) -> None:
    started = int(datetime(2025, 3, 8, 20, 0, tzinfo=UTC).timestamp())
    done(services, user, lastfm_file((started, 4), (started + 600, 2)))


def link(_: Services, __: User, ___: Import) -> None:
    for one in (f"{1:022d}", f"{2:022d}"):
        TrackLink.create(spotify_id=one, stands_for=f"{1:022d}")


def damage(services: Services, _: User, row: Import) -> None:
    services.storage.put(f"{storing.home(row)}/{storing.RESULT}", b"PAR1 cut off")


def loss(services: Services, _: User, row: Import) -> None:
    services.storage.delete(f"{storing.home(row)}/{storing.RESULT}")


def nothing(*_: object) -> None:
    pass


def added(services: Services, user: User, meanwhile: Meanwhile) -> Import:
    """An import into an archive with plays, after something happened before its member's yes."""
    done(services, user, spotify_file(*month(range(1, 4))))
    row = reviewed(services, user, spotify_file(*month(range(3, 9))))
    meanwhile(services, user, row)
    uploads.agree(services, row)
    return worked(services, row)


def counted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Ids of imports as they are worked out to be added, not to be reviewed."""
    work, found = apply_import.apply, []

    def count(*told: Any, **more: Any) -> apply_import.Worked:
        if "zone" not in more:
            found.append(told[3])
        return work(*told, **more)

    monkeypatch.setattr(apply_import, "apply", count)
    return found


def test_a_review_is_not_worked_out_again_where_nothing_changed(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, bob = factories.make_user("alice"), factories.make_user("bob")
    anew = added(services, bob, loss)
    times = counted(monkeypatch)
    row = added(services, alice, nothing)
    assert times == []
    told, of_anew = (Findings.loads(one.findings).review for one in (row, anew))
    assert told == of_anew
    mine, others = (history.frame(one.id).drop("import_id") for one in (alice, bob))
    assert mine.equals(others)
    kept = {one.key.rpartition("/")[2] for one in services.storage.list(storing.home(row))}
    assert kept == {"plays.parquet", "tracks.parquet", "left_out.parquet", "sheet.parquet"}


@pytest.mark.parametrize(
    ("meanwhile", "plays"),
    [(poll, 17), (deletion, 15), (import_of_others, 17), (link, 16), (damage, 16)],
    ids=lambda one: getattr(one, "__name__", ""),
)
def test_a_review_is_worked_out_again_after_a_change(
    services: Services, monkeypatch: pytest.MonkeyPatch, meanwhile: Meanwhile, plays: int
) -> None:
    alice = factories.make_user("alice")
    times = counted(monkeypatch)
    row = added(services, alice, meanwhile)
    assert (row.status, row.rows, times) == (DONE, 12, [row.id])
    assert history.total(alice.id) == plays


def test_a_result_of_another_format_is_worked_out_anew(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice = factories.make_user("alice")
    times = counted(monkeypatch)

    def deploy(*_: object) -> None:
        monkeypatch.setattr(kept_result, "_FORMAT", kept_result._FORMAT + 1)

    row = added(services, alice, deploy)
    assert (row.status, row.added, times) == (DONE, 10, [row.id])


def test_a_result_that_polars_gives_up_on_is_worked_out_anew(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice = factories.make_user("alice")
    times = counted(monkeypatch)

    def panic(*_: object) -> None:
        raise PanicException("assertion failed")

    def damage_inside(*_: object) -> None:
        monkeypatch.setattr(pl, "read_parquet_metadata", panic)

    row = added(services, alice, damage_inside)
    assert (row.status, row.added, times) == (DONE, 10, [row.id])


def test_a_result_that_does_not_balance_is_worked_out_anew(services: Services) -> None:
    alice = factories.make_user("alice")
    row = reviewed(services, alice, spotify_file(*month(range(1, 4))))
    told = Findings.loads(row.findings)
    assert told.review is not None
    told.review["total"]["added"] -= 1
    Import.update(findings=told.dumps()).where(Import.id == row.id).execute()
    uploads.agree(services, row)
    assert worked(services, row).added == 6
    assert history.total(alice.id) == 6
