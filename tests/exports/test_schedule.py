"""A monthly export is made on its day, arrives where it should, and says so where it does not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from cryptography.fernet import Fernet

from audiospective import clock
from audiospective.accounts import sessions
from audiospective.clients.deadline import Deadline
from audiospective.clients.storage import Bucket, S3Storage, Storage
from audiospective.exports import buckets, export_job, export_requests, rounds, schedule
from audiospective.exports.buckets import BucketError
from audiospective.models import User
from audiospective.models.export_schedules import BUCKET, EMAIL, ExportSchedule
from audiospective.models.exports import FAILED, READY, WAITING, Export
from audiospective.models.notices import Notice
from audiospective.notices import compose, kind
from audiospective.operations import clock_set_back
from audiospective.policy.export_rules import KEPT
from audiospective.policy.export_schedule import GIVEN_UP, PAUSE, TRIES
from audiospective.services import Services
from audiospective.vault import Vault
from tests.exports.making import archive, hard_plays
from tests.factories import make_user
from tests.support.s3 import Trouble, in_front_of

MONTH = timedelta(days=31)
AGAIN = PAUSE + timedelta(seconds=1)


@pytest.fixture
def alice(services: Services) -> User:
    user_id = archive(*hard_plays()[:5])
    address = {"email": "alice@example.org", "email_verified_at": clock.now()}
    User.update(**address).where(User.id == user_id).execute()
    return User.get_by_id(user_id)


def made(services: Services) -> Export | None:
    """The export that waits is made, and what follows from it is done."""
    export = Export.get_or_none(Export.status == WAITING)
    if export is not None:
        export_job.work(services, export.id, Deadline(60))
        schedule.deliver(services, export.user_id)
        export = Export.get_by_id(export.id)
    return export


def row() -> ExportSchedule:
    found: ExportSchedule = ExportSchedule.get()
    return found


def notices() -> list[str]:
    return [one.kind for one in Notice.select().order_by(Notice.id)]


def test_nothing_is_made_before_its_day_and_one_thing_on_it(
    services: Services, alice: User, frozen: Any
) -> None:
    schedule.save(services, alice, "json", None)
    rounds.look(services)
    assert Export.select().count() == 0
    frozen.forward(days=31)
    rounds.look(services)
    rounds.look(services)
    export = made(services)
    assert export is not None
    assert (export.status, export.form, Export.select().count()) == (READY, "json", 1)
    assert notices() == ["scheduled_export"]  # and none that it took long
    assert (row().export, row().error) == (None, None)
    assert row().arrived_at == clock.now()
    assert row().next_at > clock.now()
    rounds.look(services)
    assert Export.select().count() == 1


def test_months_that_were_missed_are_not_made_up_for(
    services: Services, alice: User, frozen: Any
) -> None:
    schedule.save(services, alice, "csv", None)
    frozen.forward(days=200)
    for _ in range(3):
        rounds.look(services)
        made(services)
    assert Export.select().count() == 1


def test_a_clock_that_ran_ahead_for_a_round_leaves_no_month_out(
    services: Services, alice: User, frozen: Any
) -> None:
    schedule.save(services, alice, "csv", None)
    before, planned = clock.now(), row().next_at
    frozen.forward(days=400)
    rounds.look(services)
    made(services)
    assert row().next_at > before + timedelta(days=400)
    frozen.to(before)
    clock_set_back.bring_back()
    rounds.look(services)
    assert (row().next_at, Export.select().count()) == (planned, 1)
    frozen.to(planned)
    rounds.look(services)
    assert Export.select().count() == 2


def test_a_members_own_export_comes_first(services: Services, alice: User, frozen: Any) -> None:
    schedule.save(services, alice, "json", None)
    frozen.forward(days=31)
    own, _ = export_requests.ask(services, alice, "csv", compatible=False)
    rounds.look(services)
    assert row().export is None
    made(services)
    assert Export.get_by_id(own.id).form == "csv"
    rounds.look(services)
    export = made(services)
    assert export is not None
    assert export.form == "json"


def test_two_rounds_at_once_begin_one(services: Services, alice: User, frozen: Any) -> None:
    schedule.save(services, alice, "json", None)
    frozen.forward(days=31)
    seen = row()
    assert schedule._begin(services, seen, seen.next_at + MONTH)
    assert not schedule._begin(services, seen, seen.next_at + MONTH)
    assert Export.select().count() == 1


def test_a_schedule_that_meets_an_error_keeps_nothing_from_the_others(
    services: Services, alice: User, frozen: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    bob = make_user("bob")
    for user in (alice, bob):
        schedule.save(services, user, "json", None)
    frozen.forward(days=31)
    whole = schedule.rules.following

    def following(begun: Any, now: Any) -> Any:
        if ExportSchedule.get(ExportSchedule.user == alice).created_at == begun:
            raise ValueError("alice's alone")
        return whole(begun, now)

    ExportSchedule.update(created_at=clock.now() - 2 * MONTH, next_at=clock.now() - MONTH).where(
        ExportSchedule.user == alice
    ).execute()
    monkeypatch.setattr(schedule.rules, "following", following)
    rounds.look(services)
    assert [one.user_id for one in Export.select()] == [bob.id]


def test_killed_while_it_begins_no_month_is_left_out(
    services: Services, alice: User, frozen: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    schedule.save(services, alice, "json", None)
    frozen.forward(days=31)

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Export, "create", killed)
        with pytest.raises(KeyboardInterrupt):
            schedule.look(services)
    schedule.look(services)
    assert (Export.select().count(), row().export) == (1, Export.get().id)


def test_it_can_be_tried_at_once(services: Services, alice: User, frozen: Any) -> None:
    schedule.save(services, alice, "json", None)
    before = row().next_at
    frozen.forward(days=29)
    assert schedule.run_now(services, alice)
    assert not schedule.run_now(services, alice)
    made(services)
    assert notices() == ["scheduled_export"]
    assert row().next_at == before
    assert compose.opened(services, Notice.get())["next"] == clock.to_ms(before)  # no month away


def test_who_wants_no_such_e_mails_gets_none_but_sees_why(
    services: Services, alice: User, frozen: Any
) -> None:
    schedule.save(services, alice, "json", None)
    for one in ("scheduled_export", "scheduled_export_failed"):
        kind.switch(alice.id, one, on=False)
    schedule.run_now(services, alice)
    made(services)
    assert notices() == []
    assert row().error == schedule.UNTOLD


def test_an_export_that_its_member_cancels_is_no_failure(
    services: Services, alice: User, frozen: Any
) -> None:
    schedule.save(services, alice, "json", None)
    schedule.run_now(services, alice)
    export_requests.cancel(alice.id, Export.get().id)
    rounds.look(services)
    schedule.deliver(services, alice.id)
    assert (row().export, row().failures, notices()) == (None, 0, [])


def test_an_export_that_cannot_be_made_is_told(
    services: Services, alice: User, frozen: Any
) -> None:
    schedule.save(services, alice, "json", None)
    schedule.run_now(services, alice)
    Export.update(status=FAILED).execute()
    schedule.deliver(services, alice.id)
    assert notices() == ["scheduled_export_failed"]
    assert (row().failures, row().error) == (1, schedule.BROKEN)


@pytest.fixture
def bucket(s3_bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    """A member's bucket, on this machine's address, which is refused otherwise."""

    def connected(wanted: Bucket, *, seconds: float) -> Storage:
        assert wanted.outside
        return S3Storage(replace(wanted, outside=False), seconds=seconds)

    monkeypatch.setattr(buckets, "connected", connected)
    return s3_bucket


@pytest.fixture
def trouble(bucket: Bucket) -> Iterator[Trouble]:
    with in_front_of(bucket.endpoint) as one:
        yield one


def told(bucket: Bucket, **more: str) -> dict[str, str]:
    return {"endpoint": bucket.endpoint, "region": "us-east-1", "bucket": bucket.name,
            "prefix": "mine", "key_id": bucket.key_id, "secret": bucket.secret, **more}  # fmt: skip


def inside(bucket: Bucket) -> Storage:
    return S3Storage(replace(bucket, prefix="mine"))


def test_it_arrives_in_the_members_bucket(
    services: Services, alice: User, bucket: Bucket, frozen: Any
) -> None:
    schedule.save(services, alice, "json", told(bucket))
    assert row().goes_to == BUCKET
    assert bucket.secret not in row().secret_encrypted
    assert inside(bucket).size(buckets.CHECK) is None
    frozen.forward(days=31)
    rounds.look(services)
    export = made(services)
    assert export is not None
    key = f"{export.created_at:%Y-%m-%d}-plays.json"
    assert inside(bucket).get(key) == services.storage.get(export.key)
    assert (row().error, notices()) == (None, [])


def test_a_bucket_that_cannot_be_used_is_not_kept(
    services: Services, alice: User, bucket: Bucket, trouble: Trouble
) -> None:
    trouble.status, trouble.code = 403, "AccessDenied"
    with pytest.raises(BucketError, match="says no"):
        schedule.save(services, alice, "json", told(bucket, endpoint=trouble.address))
    assert schedule.of(alice.id) is None


def test_a_secret_is_not_taken_along_to_another_account(
    services: Services, alice: User, bucket: Bucket
) -> None:
    schedule.save(services, alice, "json", told(bucket))
    bob = User.get_by_id(archive(name="bob"))
    encrypted = {"secret_encrypted": row().secret_encrypted, "bucket": bucket.name, "user": bob.id}
    other = ExportSchedule(goes_to=BUCKET, **encrypted)
    with pytest.raises(BucketError, match="Enter them again"):
        buckets.opened(services, other)


def test_private_addresses_are_never_spoken_with(services: Services, alice: User) -> None:
    from audiospective.models.export_schedules import SECRET_PLACE

    secret = services.vault.encrypt(SECRET_PLACE, alice.id, "s")
    where = {"endpoint": "https://127.0.0.1:9", "region": "auto", "bucket": "b-b", "key_id": "k"}
    mine = ExportSchedule(user=alice.id, secret_encrypted=secret, **where)
    with pytest.raises(BucketError, match="public Internet"):
        buckets.check(buckets.opened(services, mine, seconds=5))


def test_an_outage_is_tried_again_and_then_told_once(
    services: Services, alice: User, bucket: Bucket, trouble: Trouble, frozen: Any
) -> None:
    schedule.save(services, alice, "json", told(bucket, endpoint=trouble.address))
    schedule.run_now(services, alice)
    trouble.status = 503
    for number in range(TRIES):
        assert notices() == []
        made(services) if number == 0 else schedule.deliver(services, alice.id)
        schedule.deliver(services, alice.id)  # too early: nothing happens
        frozen.forward(seconds=AGAIN.total_seconds())
    assert notices() == ["scheduled_export_failed"]
    assert (row().export, row().failures) == (None, 1)
    export = Export.get()
    assert export.status == READY  # it can still be fetched here


@pytest.mark.parametrize("begun", [False, True], ids=["told", "begun anew"])
def test_a_last_try_that_died_does_not_hold_the_schedule_for_ever(
    services: Services, alice: User, frozen: Any, monkeypatch: pytest.MonkeyPatch, begun: bool
) -> None:
    def killed(*_: object) -> None:
        raise SystemExit

    schedule.save(services, alice, "json", None)
    schedule.run_now(services, alice)
    export_job.work(services, Export.get().id, Deadline(60))
    with monkeypatch.context() as patch:
        patch.setattr(schedule, "_tell", killed)
        for _ in range(TRIES):
            with pytest.raises(SystemExit):
                schedule.deliver(services, alice.id)
            rounds.look(services)
            assert (row().error, notices()) == (None, [])
            frozen.forward(seconds=AGAIN.total_seconds())
    frozen.forward(seconds=schedule.LOST.total_seconds())
    if begun:
        schedule.save(services, alice, "json", None)
        assert (row().export, row().tries, row().tried_at) == (None, 0, None)
        rounds.look(services)
        assert notices() == []
    else:
        rounds.look(services)
        rounds.look(services)
        assert (row().export, row().error, row().failures) == (None, schedule.BROKEN, 1)
        assert notices() == ["scheduled_export_failed"]
    assert schedule.run_now(services, alice)


def test_a_bucket_that_gives_back_much_more_than_it_got_is_refused(
    services: Services, alice: User, bucket: Bucket, trouble: Trouble
) -> None:
    trouble.claims = "50000000000"
    with pytest.raises(BucketError, match="did not come back the same"):
        schedule.save(services, alice, "json", told(bucket, endpoint=trouble.address))


def test_a_bucket_that_is_back_gets_its_file(
    services: Services, alice: User, bucket: Bucket, trouble: Trouble, frozen: Any
) -> None:
    schedule.save(services, alice, "json", told(bucket, endpoint=trouble.address))
    schedule.run_now(services, alice)
    trouble.status = 503
    made(services)
    trouble.status = None
    frozen.forward(seconds=AGAIN.total_seconds())
    rounds.look(services)
    schedule.deliver(services, alice.id)
    assert (row().failures, row().error, notices()) == (0, None, [])
    assert row().arrived_at == clock.now()


def test_keys_that_no_key_of_ours_opens_are_tried_again_once_it_is_back(
    services: Services, alice: User, bucket: Bucket, frozen: Any
) -> None:
    schedule.save(services, alice, "json", told(bucket))
    schedule.run_now(services, alice)
    made(replace(services, vault=Vault([Fernet.generate_key().decode()])))
    assert (row().failures, notices()) == (0, [])
    frozen.forward(seconds=AGAIN.total_seconds())
    schedule.deliver(services, alice.id)
    assert row().arrived_at == clock.now()


def test_after_three_in_a_row_it_ends_and_the_keys_are_gone(
    services: Services, alice: User, bucket: Bucket, trouble: Trouble, frozen: Any
) -> None:
    schedule.save(services, alice, "json", told(bucket, endpoint=trouble.address))
    trouble.status, trouble.code = 403, "AccessDenied"
    for _ in range(GIVEN_UP):
        frozen.forward(seconds=(MONTH + KEPT).total_seconds())
        rounds.look(services)
        made(services)
    assert notices() == ["scheduled_export_failed"] * GIVEN_UP
    assert all(compose.opened(services, one)["keys"] for one in Notice.select())
    assert schedule.of(alice.id) is None


@pytest.mark.parametrize(("goes_to", "left"), [(BUCKET, ["bob"]), (EMAIL, ["account", "bob"])])
def test_a_sign_out_everywhere_ends_what_goes_into_a_bucket(
    services: Services, alice: User, goes_to: str, left: list[str]
) -> None:
    for name, user in (("account", alice), ("bob", make_user("bob"))):
        ExportSchedule.create(user=user, goes_to=goes_to if user == alice else BUCKET, bucket=name,
                              created_at=clock.now(), next_at=clock.now())  # fmt: skip
    sessions.end_all(alice)
    assert sorted(one.bucket for one in ExportSchedule.select()) == left


def test_it_is_not_changed_by_a_form_that_keeps_the_secret(
    services: Services, alice: User, bucket: Bucket
) -> None:
    schedule.save(services, alice, "json", told(bucket))
    schedule.save(services, alice, "csv", told(bucket, secret=""))
    assert row().form == "csv"
    schedule.save(services, alice, "csv", None)
    assert (row().goes_to, row().secret_encrypted, row().key_id) == (EMAIL, "", "")


def test_it_goes_with_its_member(services: Services, alice: User) -> None:
    schedule.save(services, alice, "json", None)
    alice.delete_instance()
    assert ExportSchedule.select().count() == 0
