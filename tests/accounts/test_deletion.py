"""Leaving: nothing that was the member's is left anywhere, whenever the work is interrupted."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Any

import pytest

from audiospective import clock, log
from audiospective.accounts import (
    deletion,
    deletion_rounds,
    erasure,
    members,
    outside_database,
    shares,
    sign_in_link,
    sign_up,
    spotify_app,
    waitlist,
)
from audiospective.accounts.outcomes import Joined, Visit
from audiospective.clients.deadline import Deadline
from audiospective.clients.queues import BULK, EXPORT, INTERACTIVE, UPKEEP
from audiospective.clients.spotify import Profile, Tokens
from audiospective.clients.storage import StorageError
from audiospective.exports import finished, schedule
from audiospective.history.closed import prefix
from audiospective.imports import storing
from audiospective.models import Connection, Import, User, base, belonging, transaction
from audiospective.models.base import is_sqlite
from audiospective.models.deletions import Deletion
from audiospective.models.exports import Export
from audiospective.models.marks import Mark
from audiospective.models.notices import SENT, Notice
from audiospective.models.sign_in_links import SignInLink
from audiospective.models.waitlist import WaitlistEntry
from audiospective.notices import delivery, outbox
from audiospective.notices.kind import Draft
from audiospective.notices.kinds import archive_stopped
from audiospective.operations import closed_years
from audiospective.polling import batch
from audiospective.services import Services
from tests.factories import make_user
from tests.history.crashing import crashing
from tests.support import belongings
from tests.support.clocks import Frozen
from tests.support.post_office import PostOffice

ADDRESS = "alice@mail.example"
PROVEN = {"email": ADDRESS, "email_verified_at": 1}
SKIPPED = ("deletions",)  # made by asking


def leave(services: Services, user: User) -> None:
    deletion.at_once(services, user)
    erasure.carry_out(services, Deadline(60))


def with_everything(
    services: Services, name: str, id: int = 0, **own: Any
) -> belongings.Belongings:
    """A member of whom there is something in every column, in storage, and in Redis."""
    spotify_app.environment_app(services)
    user = make_user(name, **({"id": id} if id else {}))
    made = belongings.give(user.id, f"zq{name}", SKIPPED, **own)
    export = Export.get(Export.user == user.id)
    services.storage.put(finished.new_key(export), f"zq{name}-export".encode())
    row = Import.get(Import.user == user.id)
    services.storage.put(storing.part(row, 1, 0), f"zq{name}-upload".encode())
    years = prefix.own(services.storage, clock.now())
    services.storage.put(f"{years}/{user.id}/2024-0", f"zq{name}-year".encode())
    made.values += [f"zq{name}-export", f"zq{name}-upload", f"zq{name}-year"]
    queues, slot = services.queues, datetime(2026, 11, 20, 18, tzinfo=clock.EPOCH.tzinfo)
    batch.mark_done(services, [user.id], slot)
    services.redis.set(f"recovered:{user.id}:12", 1)
    queues.wake("poll_user", user.id)
    queues.enqueue(EXPORT, "make_export", export.id, job_id=f"export-{export.id}")
    queues.enqueue(BULK, "work_on_import", row.id, job_id=f"import-{row.id}")
    queues.enqueue(BULK, "reconcile_imports", user.id, job_id=f"reconcile-{user.id}")
    queues.enqueue(EXPORT, "deliver_export", user.id, job_id=f"deliver-{user.id}")
    return made


def two_nights(services: Services, frozen: Frozen) -> None:
    """The rounds that find and then remove what storage has of members who are gone."""
    for _ in range(2):
        frozen.forward(days=1)
        closed_years.round_of(services)


def settle_receipts() -> None:
    Notice.update(status=SENT).where(Notice.kind == "account_deleted").execute()


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> Any:
    """The log so far, as it is written."""
    caplog.set_level(logging.DEBUG, log.ROOT)
    return lambda: "\n".join(map(log.JsonFormatter().format, caplog.records))


def test_nothing_that_was_the_members_is_left_anywhere(
    services: Services, frozen: Frozen, lines: Any
) -> None:
    alice = with_everything(services, "alice", id=999_001, **PROVEN)
    bob = with_everything(services, "bob", id=99_900)  # which is how hers begins
    waitlist.request(services, ADDRESS)  # by somebody who was not signed in
    sign_in_link.send(services, ADDRESS, "")
    own = set(map(str, alice.values))
    assert belongings.found(services, alice) == own
    leave(services, User.get_by_id(999_001))
    settle_receipts()
    frozen.forward(hours=2)
    erasure.carry_out(services, Deadline(60))
    assert belongings.found(services, alice) == {"zqalice-year"}
    two_nights(services, frozen)
    assert belongings.found(services, alice, lines()) == set()
    assert belongings.rows_of(999_001) == {}
    assert "999001" not in belongings.redis_ids(services)
    assert Notice.select().where(Notice.kind == "account_deleted").count() == 0
    assert belongings.found(services, bob) == set(map(str, bob.values))
    assert belongings.rows_of(99_900)


def test_every_table_of_members_is_known_by_its_model(services: Services) -> None:
    known = {field.model._meta.table_name for field in belonging.tables()}
    direct = {table for table, refers in belongings.schema().items() if "users" in refers.values()}
    assert known == direct


@pytest.mark.parametrize("late", [False, True], ids=["before", "after"])
def test_killed_at_any_step_the_next_round_goes_on(
    services: Services, frozen: Frozen, late: bool
) -> None:
    alice = with_everything(services, "alice", **PROVEN)
    bob = with_everything(services, "bob")
    everything_of_bob = belongings.rows_of(bob.user_id)
    deletion.schedule(services, User.get_by_id(alice.user_id))
    Deletion.update(due_at=clock.now()).execute()
    for at in range(1, 500, 1 if is_sqlite() else 5):  # connecting again takes PostgreSQL long
        with crashing(at, late=late) as saboteur:
            erasure.carry_out(services, Deadline(60))
        assert belongings.rows_of(bob.user_id) == everything_of_bob
        if User.select().where(User.id == alice.user_id).exists():
            assert Deletion.select().count() == 1  # so it is found again
        if not saboteur.dead:
            break
    receipts = Notice.select().where(Notice.kind == "account_deleted")
    assert [one.recipient for one in receipts] == [ADDRESS]
    settle_receipts()
    erasure.carry_out(services, Deadline(60))
    two_nights(services, frozen)
    assert belongings.found(services, alice) == set()


def test_rows_go_in_portions_and_time_that_is_up_is_no_harm(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice = with_everything(services, "alice")
    deletion.at_once(services, User.get_by_id(alice.user_id))
    (poll_log,) = [one for one in belonging.tables() if one.model.__name__ == "PollLog"]
    for minute in range(5):
        poll_log.model.note(
            alice.user_id, clock.now() + timedelta(minutes=minute), "ok",
            offered=0, added=0, took_ms=1, tries=1,
        )  # fmt: skip
    assert [belonging.delete_some(poll_log, alice.user_id, 4) for _ in range(3)] == [4, 2, 0]
    assert erasure.carry_out(services, Deadline(0)) == 0
    assert Deletion.select().count() == 1
    assert erasure.carry_out(services, Deadline(60)) == 1
    assert Deletion.select().count() == 0


def test_storage_that_is_away_keeps_rows_from_nobody_and_is_tried_again(
    services: Services, frozen: Frozen, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice = with_everything(services, "alice")

    def away(key: str) -> None:
        raise StorageError("away")

    with monkeypatch.context() as patch:
        patch.setattr(services.storage, "delete", away)
        leave(services, User.get_by_id(alice.user_id))
    assert set(belongings.rows_of(alice.user_id)) == {"deletions.user_id"}
    assert erasure.carry_out(services, Deadline(60)) == 1
    settle_receipts()
    erasure.carry_out(services, Deadline(60))
    two_nights(services, frozen)
    assert belongings.found(services, alice) == set()


def test_what_a_worker_writes_after_the_end_goes_with_the_next_round(
    services: Services, frozen: Frozen
) -> None:
    alice = with_everything(services, "alice")
    leave(services, User.get_by_id(alice.user_id))
    services.storage.put(f"imports/{alice.user_id}/1/file-1/00000000000000", b"zqalice-late")
    erasure.carry_out(services, Deadline(60))
    assert list(services.storage.list(f"imports/{alice.user_id}")) == []
    frozen.forward(hours=2)
    erasure.carry_out(services, Deadline(60))
    assert Mark.named(erasure.LEFT) == []


def test_who_left_with_traces_that_cannot_be_removed_keeps_nothing_from_the_others(
    services: Services, frozen: Frozen, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked = []

    def broken(_services: Services, user_id: int) -> None:
        looked.append(user_id)
        if user_id == 7:
            raise ValueError("a key of another program")

    monkeypatch.setattr(outside_database, "remove_work", broken)
    for name in ("7", "8", "of a newer release"):
        Mark.put(f"{erasure.LEFT}{name}", clock.now())
    erasure.carry_out(services, Deadline(60))
    assert looked == [7, 8]


def test_polls_go_on_until_the_day_and_a_change_of_mind_changes_nothing(
    services: Services, frozen: Frozen
) -> None:
    alice = with_everything(services, "alice")
    user = User.get_by_id(alice.user_id)
    row = deletion.schedule(services, user)
    assert deletion.schedule(services, user).asked_at == row.asked_at
    frozen.forward(days=6, hours=23)
    assert erasure.carry_out(services, Deadline(60)) == 0
    assert Connection.get(Connection.user == user).refresh_encrypted
    assert deletion.keep(user)
    assert not deletion.keep(user)
    frozen.forward(days=30)
    assert erasure.carry_out(services, Deadline(60)) == 0
    assert belongings.found(services, alice) == set(map(str, alice.values))


def test_who_changes_their_mind_while_others_are_deleted_keeps_everything(
    services: Services, frozen: Frozen, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, bob = with_everything(services, "alice"), with_everything(services, "bob")
    for made in (alice, bob):
        deletion.schedule(services, User.get_by_id(made.user_id))
        frozen.forward(minutes=1)
    before = belongings.rows_of(bob.user_id)
    frozen.forward(days=7)
    erase = erasure._erase

    def meanwhile(services: Services, user_id: int, deadline: Deadline) -> bool:
        if user_id == alice.user_id:
            assert deletion.keep(User.get_by_id(bob.user_id))
        return erase(services, user_id, deadline)

    monkeypatch.setattr(erasure, "_erase", meanwhile)
    assert erasure.carry_out(services, Deadline(60)) == 1
    assert belongings.rows_of(alice.user_id) == {}
    assert belongings.rows_of(bob.user_id).items() == before.items() - {("deletions.user_id", 1)}
    assert belongings.found(services, bob) == set(map(str, bob.values))


def test_after_seven_days_the_account_goes_by_itself(services: Services, frozen: Frozen) -> None:
    alice = with_everything(services, "alice")
    user = User.get_by_id(alice.user_id)
    deletion.schedule(services, user)
    frozen.forward(days=7)
    assert erasure.carry_out(services, Deadline(60)) == 1
    assert not deletion.keep(user)
    assert belongings.rows_of(alice.user_id) == {}


def test_a_machine_whose_clock_is_ahead_shortens_nobodys_seven_days(
    services: Services, frozen: Frozen, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, bob = make_user("alice"), make_user("bob")
    deletion.schedule(services, alice)
    asked = frozen.now
    frozen.forward(days=7)
    monkeypatch.setattr(base, "read_clock", lambda: asked + timedelta(days=5))
    assert not erasure.anything_to_do()
    assert erasure.carry_out(services, Deadline(60)) == 0
    deletion.at_once(services, bob)  # who waits for no clock
    assert erasure.carry_out(services, Deadline(60)) == 1
    assert deletion.keep(alice)


def test_from_the_first_moment_nobody_gets_in_and_no_address_leads_there(
    services: Services,
) -> None:
    made = with_everything(services, "alice", **PROVEN)
    user = User.get_by_id(made.user_id)
    waitlist.request(services, ADDRESS)
    deletion.at_once(services, user)
    left = User.get_by_id(user.id)
    assert (left.email, left.spotify_id, left.spotify_account_id) == (None, None, None)
    assert set(belongings.rows_of(user.id)).isdisjoint(
        {"sessions.user_id", "connections.user_id", "notices.user_id", "spotify_apps.owner_id"}
    )
    assert WaitlistEntry.select().count() == SignInLink.select().count() == 0


def test_from_the_first_moment_nothing_is_shown_or_sent_on(services: Services) -> None:
    alice = make_user("alice", **PROVEN)
    shares.make(alice, shares.PROFILE, shares.DAYS[0], "UTC")
    schedule.save(services, alice, "json", None)
    deletion.at_once(services, alice)
    assert User.select().where(User.id == alice.id).exists()  # no worker has come yet
    assert (shares.of(alice), schedule.of(alice.id)) == ([], None)


def test_an_address_that_was_only_typed_takes_nothing_of_its_owners_along(
    services: Services,
) -> None:
    waitlist.request(services, ADDRESS)
    made = with_everything(services, "alice", email=ADDRESS, email_verified_at=None)
    leave(services, User.get_by_id(made.user_id))
    assert WaitlistEntry.get().email == ADDRESS
    assert Notice.select().where(Notice.kind == "account_deleted").count() == 0


def test_of_an_address_that_two_archives_share_what_the_other_was_told_stays_known(
    services: Services,
) -> None:
    alice, bob = make_user("alice", **PROVEN), make_user("bob", **PROVEN)
    waitlist.request(services, ADDRESS)
    for user in (alice, bob):
        draft = Draft(recipient=ADDRESS, dedupe_key="1.1", user_id=user.id, data={})
        outbox.put(services, archive_stopped.KIND, draft)
    leave(services, alice)
    about_bob = Notice.select().where(Notice.kind == "archive_stopped")
    assert [row.user_id for row in about_bob] == [bob.id]
    assert WaitlistEntry.select().count() == 1
    User.update(email="new@mail.example").where(User.id == bob.id).execute()
    charlie = make_user("charlie", **PROVEN)  # who has the address alone by now
    leave(services, charlie)
    assert [row.user_id for row in about_bob.clone()] == [bob.id]
    assert WaitlistEntry.select().count() == 0


def test_numbers_and_ids_of_those_who_left_are_given_to_nobody(
    services: Services, frozen: Frozen
) -> None:
    tokens = Tokens("access", 3600, "refresh")

    def join(name: str) -> Joined:
        app = spotify_app.environment_app(services)
        profile = Profile(f"account-{name}", name, name.title())
        outcome = sign_up.join(services, profile, tokens, Visit(app_id=app.id))
        assert isinstance(outcome, Joined)
        return outcome

    first, second = join("alice"), join("bob")
    leave(services, User.get_by_id(second.user_id))
    again = join("bob")
    assert (first.founding_number, second.founding_number, again.founding_number) == (1, 2, 3)
    assert again.user_id > second.user_id
    with transaction():
        imported = members.create(minute_offset=0, session_key="k", created_at=clock.now())
    assert imported.id > again.user_id


def test_the_member_is_told_before_and_gets_a_receipt(
    posted: Services, office: PostOffice, frozen: Frozen
) -> None:
    made = with_everything(posted, "alice", **PROVEN)
    User.update(timezone="UTC").where(User.id == made.user_id).execute()
    Notice.delete().execute()
    deletion.schedule(posted, User.get_by_id(made.user_id))
    delivery.drain(posted, wait=lambda _: None)
    frozen.forward(days=7)
    erasure.carry_out(posted, Deadline(60))
    delivery.drain(posted, wait=lambda _: None)
    scheduled, receipt = office.subjects(ADDRESS)
    assert scheduled.startswith("Your archive will be deleted on")
    assert receipt == "Your account is deleted"
    erasure.carry_out(posted, Deadline(60))
    assert Notice.select().count() == 0


def test_an_email_about_a_deletion_that_was_ended_is_not_sent(
    posted: Services, office: PostOffice
) -> None:
    made = with_everything(posted, "alice", **PROVEN)
    Notice.delete().execute()
    deletion.schedule(posted, User.get_by_id(made.user_id))
    deletion.keep(User.get_by_id(made.user_id))
    delivery.drain(posted, wait=lambda _: None)
    assert office.subjects(ADDRESS) == []


def test_a_worker_is_woken_at_once_and_without_redis_the_timetable_does_it(
    services: Services,
) -> None:
    made = with_everything(services, "alice")
    services.redis.flushall()
    deletion.at_once(services, User.get_by_id(made.user_id))
    assert "delete-accounts" in services.queues.queue("upkeep").job_ids
    assert services.queues.queue(INTERACTIVE).count == 0


def test_a_round_wakes_a_worker_only_where_something_is_to_be_deleted(
    services: Services, frozen: Frozen
) -> None:
    deletion_rounds.look(services)
    assert not services.queues.queue(UPKEEP).count
    alice = make_user("alice", **PROVEN)
    Deletion.create(user=alice.id, asked_at=clock.now(), due_at=clock.now() + timedelta(days=1))
    deletion_rounds.look(services)
    assert not services.queues.queue(UPKEEP).count
    frozen.forward(days=2)
    deletion_rounds.look(services)
    deletion_rounds.look(services)
    assert [job.func_name for job in services.queues.queue(UPKEEP).jobs] == [
        "audiospective.jobs.tasks.delete_accounts"
    ]
