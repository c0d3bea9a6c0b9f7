"""A clock was a year ahead and is set back: what members asked for then does not take a year."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from audiospective import clock
from audiospective.accounts import deletion, deletion_links, erasure
from audiospective.exports import claims as export_claims
from audiospective.exports import export_requests, forwarding, schedule
from audiospective.exports import rounds as export_rounds
from audiospective.imports import claims as import_claims
from audiospective.imports import rounds as import_rounds
from audiospective.models import Import, User, base
from audiospective.models.deletions import Deletion
from audiospective.models.export_schedules import ExportSchedule
from audiospective.models.exports import READY, WAITING, Export
from audiospective.models.forwards import Forward
from audiospective.models.imports import COMMITTING, REVIEW
from audiospective.operations import clock_set_back, maintenance
from audiospective.policy import export_schedule
from audiospective.policy.export_rules import KEPT, LOST
from audiospective.services import Services
from tests.factories import make_user
from tests.support.clocks import Frozen

AHEAD = timedelta(days=400)


@pytest.fixture
def alice(services: Services) -> User:
    return make_user("alice", email="alice@example.org", email_verified_at=clock.now())


def set_back(services: Services, frozen: Frozen) -> None:
    frozen.to(frozen.now - AHEAD)
    maintenance.maintain(services)


def test_the_next_monthly_export_comes_within_a_month(
    services: Services, alice: User, frozen: Frozen
) -> None:
    schedule.save(services, alice, "csv", None)
    begun = clock.now()
    frozen.to(begun + AHEAD)
    schedule.look(services)
    export_requests.cancel(alice.id, Export.get().id)
    schedule.deliver(services, alice.id)
    set_back(services, frozen)
    row = ExportSchedule.get()
    assert (row.created_at, row.next_at) == (begun, export_schedule.following(begun, begun))
    schedule.look(services)
    assert Export.select().count() == 1  # and not one with every round
    frozen.to(row.next_at)
    schedule.look(services)
    assert Export.select().count() == 2


def test_one_that_was_begun_then_counts_from_now(
    services: Services, alice: User, frozen: Frozen
) -> None:
    frozen.to(frozen.now + AHEAD)
    schedule.save(services, alice, "csv", None)
    ExportSchedule.update(tried_at=clock.now(), tries=1).execute()
    set_back(services, frozen)
    row = ExportSchedule.get()
    now = clock.now()
    assert (row.created_at, row.tried_at) == (now, now)
    assert row.next_at == export_schedule.following(now, now)


def test_a_clock_that_is_ahead_on_one_machine_alone_makes_one_export(
    services: Services, alice: User, frozen: Frozen
) -> None:
    schedule.save(services, alice, "csv", None)
    for _ in range(5):
        frozen.forward(days=40)
        schedule.look(services)
        for export in Export.select().where(Export.status == WAITING):
            export_requests.cancel(alice.id, export.id)
            schedule.deliver(services, alice.id)
        frozen.forward(days=-40)
        maintenance.maintain(services)
    assert Export.select().count() == 1


def test_an_export_whose_job_or_worker_was_lost_is_found_again(
    services: Services, alice: User, frozen: Frozen
) -> None:
    frozen.to(frozen.now + AHEAD)
    lost, _ = export_requests.ask(services, alice, "csv", compatible=False)
    held, _ = export_requests.ask(services, make_user("bob"), "csv", compatible=False)
    assert export_claims.claim(held.id, at_once=1) is not None
    set_back(services, frozen)
    frozen.forward(seconds=LOST.total_seconds() + 1)
    assert export_rounds.recover(services) == 2
    assert export_claims.claim(held.id, at_once=1) is not None
    assert Export.get_by_id(lost.id).created_at < clock.now()


def test_an_import_that_a_worker_left_goes_on(
    services: Services, alice: User, frozen: Frozen
) -> None:
    frozen.to(frozen.now + AHEAD)
    row = Import.create(
        user=alice, status=COMMITTING, created_at=clock.now(), changed_at=clock.now()
    )
    assert import_claims.claim(row.id) is not None
    set_back(services, frozen)
    frozen.forward(seconds=import_claims.LEASE.total_seconds())
    assert import_claims.waiting() == [row.id]


def test_plays_go_on_to_another_server(services: Services, alice: User, frozen: Frozen) -> None:
    ahead = frozen.now + AHEAD
    Forward.create(
        user=alice, root="https://there.example", token_encrypted="", since=ahead, next_at=ahead,
        failing_since=ahead,
    )  # fmt: skip
    set_back_to = frozen.now
    maintenance.maintain(services)
    assert forwarding.due() == [alice.id]
    row = Forward.get()
    assert row.since == row.failing_since == set_back_to


def test_an_account_is_deleted_seven_days_from_now_and_the_link_that_keeps_it_works(
    services: Services, alice: User, frozen: Frozen
) -> None:
    frozen.to(frozen.now + AHEAD)
    token = deletion_links.token_of(services, deletion.schedule(services, alice))
    set_back(services, frozen)
    assert Deletion.get().due_at == clock.now() + deletion.WAITS
    assert deletion_links.find(services, token) is not None
    frozen.forward(days=7)
    assert erasure.anything_to_do()


def test_a_machine_whose_clock_is_ahead_throws_no_file_away(
    services: Services, alice: User, frozen: Frozen, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = clock.now()
    made = {"user": alice, "created_at": now, "changed_at": now}
    Export.create(form="csv", status=READY, key="exports/1/1-a", expires_at=now + KEPT, **made)
    Import.create(status=REVIEW, **made)
    keys = ["exports/1/1-a", "exports/1/2-not-noted-yet", "imports/1/1/plays.parquet"]
    for key in keys:
        services.storage.put(key, b"a file")
    frozen.to(max(clock.now(), datetime.now(UTC)) + timedelta(days=8))
    monkeypatch.setattr(base, "read_clock", lambda: now)
    assert (export_rounds.tidy(services), import_rounds.tidy(services)) == (0, 0)
    assert all(services.storage.size(key) for key in keys)


def test_nothing_is_changed_while_clocks_are_right(
    services: Services, alice: User, frozen: Frozen
) -> None:
    schedule.save(services, alice, "csv", None)
    deletion.schedule(services, alice)
    export, _ = export_requests.ask(services, alice, "csv", compatible=False)
    assert export_claims.claim(export.id, at_once=1) is not None
    row = Import.create(
        user=alice, status=COMMITTING, created_at=clock.now(), changed_at=clock.now()
    )
    assert import_claims.claim(row.id) is not None
    now = clock.now()
    Forward.create(
        user=alice, root="https://there.example", token_encrypted="", since=now,
        next_at=now + timedelta(hours=24), failing_since=now,
    )  # fmt: skip
    assert clock_set_back.bring_back() == 0
