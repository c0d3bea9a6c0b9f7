"""What is logged, what is counted, what is forgotten, and how an address is proven."""

from __future__ import annotations

import json
import logging
from datetime import timedelta
from unittest.mock import Mock

import pytest
from peewee import OperationalError, ProgrammingError

from audiospective import clock, log
from audiospective.accounts import (
    address,
    callbacks,
    former_address,
    sessions,
    sign_in_link,
    waitlist,
    waitlist_standing,
)
from audiospective.clients.spotify import SpotifyError
from audiospective.history import removal
from audiospective.jobs import context, tasks
from audiospective.models import Connection, SpotifyApp, User, base
from audiospective.models.address_proofs import AddressProof
from audiospective.models.counters import Counter
from audiospective.models.marks import Mark
from audiospective.models.notices import FAILED, QUEUED, SENT, Notice
from audiospective.models.poll_log import PollLog
from audiospective.models.sessions import Session, SettledCallback
from audiospective.models.sign_in_links import SignInLink
from audiospective.models.waitlist import WaitlistEntry
from audiospective.notices import delivery, owing
from audiospective.notices.kinds import back_on
from audiospective.operations import capacity, maintenance, purge
from audiospective.policy.failures import Failure
from audiospective.policy.sessions import EMAIL
from audiospective.polling import batch, call_quota, plan, write
from tests.factories import connected, crowd, listening, make_user

DAY = timedelta(days=1)


def run(services, people):
    now = clock.now()
    slot = plan.current_slot(services, now)
    return batch.archive(services, [one.user_id for one in people], slot.start, slot.end)


def test_a_line_of_the_log_is_json_and_an_exception_tells_only_its_kind_and_place():
    record = logging.LogRecord("audiospective.x", logging.INFO, "f.py", 1, "poll %d", (7,), None)
    record.event = {"user": 7, "ms": 12}
    line = json.loads(log.JsonFormatter().format(record))
    assert (line["event"], line["user"], line["ms"], line["level"]) == ("poll 7", 7, 12, "info")
    try:
        raise ValueError("refresh token AQAq3 of alice@mail.example")
    except ValueError as error:
        record.exc_info = (type(error), error, error.__traceback__)
    text = log.JsonFormatter().format(record)
    assert "AQAq3" not in text
    assert "alice" not in text
    line = json.loads(text)
    assert (line["error"], line["where"].split(":")[0]) == ("ValueError", "test_maintenance.py")


def test_configuring_twice_writes_once(capsys):
    logger = logging.getLogger(log.ROOT)
    before, level = list(logger.handlers), logger.level
    try:
        logger.handlers[:] = []
        log.configure("INFO")
        log.configure("INFO")
        log.event("hello", user=3)
        (line,) = capsys.readouterr().err.splitlines()
        assert json.loads(line)["user"] == 3
        log.configure("ERROR")
        log.event("hello")
        assert capsys.readouterr().err == ""
    finally:
        logger.handlers[:] = before
        logger.setLevel(level)


def test_one_event_for_each_poll_and_nothing_personal_in_any(services, spotify, frozen, caplog):
    caplog.set_level(logging.INFO, logger=log.ROOT)
    alice, bob = connected(services, "alice"), connected(services, "bob")
    User.update(email="alice@mail.example").execute()
    spotify.pages[f"access-{alice.user_id}"] = listening(clock.now(), 3)
    spotify.pages[f"access-{bob.user_id}"] = SpotifyError(Failure.NETWORK, "502", status=502)
    run(services, [alice, bob])
    polls = {r.event["user"]: r.event for r in caplog.records if r.getMessage() == "poll"}
    assert polls[alice.user_id]["outcome"] == "ok"
    assert (polls[alice.user_id]["added"], polls[alice.user_id]["offered"]) == (3, 3)
    assert polls[bob.user_id]["outcome"] == "network"
    written = "".join(log.JsonFormatter().format(record) for record in caplog.records)
    for secret in ("access-", "refresh-", "mail.example", "Alice", "sandbox-secret"):
        assert secret not in written


def test_polls_are_counted_by_outcome_duration_calls_and_limits(services, spotify, frozen):
    people = crowd(services, 4)
    spotify.pages["access-1"] = listening(clock.now(), 3)
    spotify.pages["access-2"] = SpotifyError(Failure.NETWORK, "502", status=502)
    run(services, people[:3])
    run(services, people[:3])  # the slot is done: three hits, no call
    spotify.pages["access-4"] = SpotifyError(Failure.QUOTA, "429", status=429)
    run(services, people[3:])
    sums = Counter.sums(frozen.now)
    assert (sums["polls:ok"], sums["polls:network"], sums["polls:quota"]) == (2, 1, 1)
    assert (sums["plays"], sums["hits"], sums["calls:1"]) == (3, 3, 4)
    assert sums["limited:1:quota"] == 1
    assert sum(n for name, n in sums.items() if name.startswith("poll_ms_le:")) == 4


def test_counters_are_by_the_hour_and_add_up(database, frozen):
    for _ in range(3):
        Counter.add({"a": 2, "b": 0, "c": 1}, frozen.now)
    frozen.forward(hours=1)
    Counter.add({"a": 1}, frozen.now)
    assert Counter.sums(frozen.now) == {"a": 1}
    assert Counter.sums(frozen.now - timedelta(hours=1)) == {"a": 7, "c": 3}
    assert Counter.sums(frozen.now - timedelta(hours=1), "c") == {"c": 3}
    assert Counter.select().count() == 3


def test_figures_that_cannot_be_written_cost_no_play(services, spotify, frozen, monkeypatch):
    def full(*_):
        raise OperationalError("disk full")

    monkeypatch.setattr(write.Counter, "add", full)
    alice = connected(services)
    spotify.pages[f"access-{alice.user_id}"] = listening(clock.now(), 3)
    assert run(services, [alice]).new_plays == 3


def test_emails_that_cannot_be_owed_cost_no_play(services, spotify, frozen, monkeypatch):
    def broken(*_):
        raise RuntimeError("nobody thought of this")

    alice = connected(services, last_success_at=clock.now() - 2 * DAY)
    spotify.pages[f"access-{alice.user_id}"] = listening(clock.now(), 3)
    monkeypatch.setattr(back_on, "put", broken)
    assert run(services, [alice]).new_plays == 3
    assert Connection.get().last_success_at == frozen.now


def test_an_apps_allowance_pauses_it_for_an_hour_and_survives_a_flush(services, spotify, frozen):
    alice = connected(services)
    SpotifyApp.update(mode="development", seats=5).execute()
    Counter.add({"calls:1": 999}, frozen.now - timedelta(hours=3))
    spotify.pages[f"access-{alice.user_id}"] = listening(clock.now(), 3)
    run(services, [alice])
    plan.plan(services)
    app = SpotifyApp.get_by_id(1)
    assert (app.blocked_until, app.block_reason) == (frozen.now + timedelta(hours=1), "budget")
    services.redis.flushall()
    frozen.forward(minutes=50)
    assert plan.due(frozen.now + timedelta(hours=9), frozen.now) == []
    frozen.forward(hours=22)  # the day has rolled on
    assert call_quota.pause_spent(services) == []


def test_the_purge_keeps_what_is_needed_and_forgets_the_rest(services, frozen):
    alice = connected(services)
    now = frozen.now

    def polled(outcome, ago):
        PollLog.create(user=alice.user_id, at=now - ago, outcome=outcome)

    for ago in (2 * DAY, 4 * DAY):
        polled("ok", ago)
        polled("network", ago + timedelta(seconds=1))
    polled("network", 31 * DAY)
    Counter.add({"old": 1}, now - 36 * DAY)
    Counter.add({"new": 1}, now - 34 * DAY)

    def notice(key, status, ago, user=None):
        Notice.create(
            key=key, recipient=key, kind="renewal", dedupe_key="e", status=status, user=user,
            next_attempt_at=now, created_at=now - ago,
        )  # fmt: skip

    notice("stranger", SENT, 31 * DAY)
    notice("waiting", QUEUED, 300 * DAY)
    notice("member", SENT, 199 * DAY, alice.user_id)
    notice("long ago", FAILED, 201 * DAY, alice.user_id)
    gone = purge.daily()
    assert gone == {
        "poll_log": 2, "counters": 1, "notices": 2, "tokens": 0, "sessions": 0, "shared_links": 0,
        "operator_actions": 0, "webhook_calls": 0, "api_tokens": 0, "reminders": 0, "waitlist": 0,
        "sign_in_links": 0, "address_proofs": 0, "settled_callbacks": 0,
    }  # fmt: skip
    assert {row.key for row in Notice.select()} == {"waiting", "member"}
    assert purge.daily() is None  # once a day
    frozen.forward(hours=21)
    assert purge.daily() is not None


def test_addresses_that_nobody_confirmed_are_forgotten_though_nobody_else_comes(services, frozen):
    """Pages and e-mails promise it; a small server may see no other visitor for months."""
    waitlist.request(services, "ana@mail.example")
    sign_in_link.send(services, "ben@mail.example", "")
    cem = make_user("cem", email="cem@mail.example", email_verified_at=frozen.now)
    sessions.begin(cem, EMAIL, "browser")
    address.propose(services, cem, Session.get(), "new@mail.example")
    former_address.tell(services, cem)
    callbacks.claim("state")

    def kept():
        tables = (WaitlistEntry, SignInLink, AddressProof, SettledCallback)
        return [table.select().count() for table in tables]

    assert kept() == [1, 1, 2, 1]
    frozen.forward(days=6, hours=23)
    purge.daily()
    assert kept() == [1, 0, 1, 0]
    frozen.forward(days=1)
    purge.daily()
    assert kept() == [0, 0, 1, 0]  # the former address can be taken back for two weeks
    waitlist_standing.confirm(services, _listed(services, "dora@mail.example"))
    frozen.forward(days=8)
    purge.daily()
    assert kept() == [1, 0, 0, 0]  # who has confirmed stays


def _listed(services, email):
    waitlist.request(services, email)
    return WaitlistEntry.get(WaitlistEntry.email == email)


def test_a_machine_whose_clock_is_ahead_purges_nothing_before_its_time(
    services, frozen, monkeypatch
):
    alice = connected(services)
    PollLog.create(user=alice.user_id, at=frozen.now, outcome="network")
    asked = []
    monkeypatch.setattr(removal, "drop_expired", asked.append)
    monkeypatch.setattr(base, "read_clock", lambda right=frozen.now: right)
    sessions.begin(alice.user, EMAIL, "browser")
    frozen.forward(days=400)
    gone = purge.daily()
    assert (gone["poll_log"], gone["sessions"]) == (0, 0)
    purge.tombstones()
    assert asked == [frozen.now - timedelta(days=400)]


def test_a_table_that_cannot_be_purged_keeps_no_other_one_full(services, caplog, monkeypatch):
    def broken(_before):
        raise ProgrammingError("of this table alone")

    monkeypatch.setattr(Counter, "forget", broken)
    gone = purge.daily()
    assert set(gone) >= {"poll_log", "notices", "sessions"}
    assert "counters" not in gone
    assert [one.event["table"] for one in caplog.records if one.msg == "not_purged"] == ["counters"]


def test_a_purge_that_a_database_away_ends_begins_anew_in_an_hour(
    services, frozen, caplog, monkeypatch
):
    purge.daily()
    frozen.forward(hours=21)
    with monkeypatch.context() as patched:
        patched.setattr(Counter, "forget", Mock(side_effect=OperationalError("server is gone")))
        with pytest.raises(OperationalError):
            purge.daily()
    assert "not_purged" not in caplog.messages
    frozen.forward(minutes=59)
    assert purge.daily() is None
    frozen.forward(minutes=1)
    assert purge.daily() is not None
    frozen.forward(hours=19)
    assert purge.daily() is None


def test_what_the_ledger_cannot_measure_keeps_nothing_that_was_to_be_dropped(services, monkeypatch):
    dropped = []

    def broken(_services):
        raise OperationalError("the sizes of tables")

    monkeypatch.setattr(capacity, "record", broken)
    monkeypatch.setattr(purge, "tombstones", lambda: dropped.append("tombstones"))
    with context.use(services), pytest.raises(OperationalError):
        tasks.keep_ledger()
    assert dropped == ["tombstones"]


def test_the_purge_goes_on_once_a_clock_that_was_ahead_is_set_back(services, frozen):
    frozen.forward(days=100)
    assert purge.daily() is not None
    frozen.forward(days=-100)
    assert purge.daily() is not None
    assert purge.daily() is None


@pytest.mark.parametrize(
    ("success_ago", "authorized_ago", "failure", "status", "purged"),
    [
        (31, 100, "auth", "active", True),
        (31, 100, None, "needs_reauth", True),
        (29, 100, "auth", "active", False),
        (31, 1, "auth", "active", False),  # a new consent
        (31, 100, "network", "active", False),
        (31, 100, None, "active", False),
        (31, 100, "auth", "paused", False),
    ],
)
def test_dead_tokens_are_kept_for_thirty_days(
    services, frozen, success_ago, authorized_ago, failure, status, purged
):
    alice = connected(
        services,
        status=status,
        last_success_at=clock.now() - success_ago * DAY,
        authorized_at=clock.now() - authorized_ago * DAY,
        last_failure_type=failure,
        consecutive_failures=1 if failure else 0,
    )
    purge.daily()
    row = Connection.get_by_id(alice.user_id)
    assert (row.refresh_encrypted == "") == purged
    assert row.status == ("needs_reauth" if purged else status)


def test_one_part_of_the_round_that_breaks_does_not_silence_the_others(
    services, frozen, monkeypatch, caplog
):
    done = []
    monkeypatch.setattr(owing, "owe", lambda services: 1 / 0)
    monkeypatch.setattr(
        delivery, "drain", lambda services, wait=None: done.append(1) or delivery.Report()
    )
    maintenance.maintain(services)
    assert done == [1]
    assert Mark.at_of(purge.LAST) == frozen.now
    assert "maintenance_failed" in caplog.text
