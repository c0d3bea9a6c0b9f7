"""A round that owes what is due: bounded, and nobody's trouble is anybody else's."""

from __future__ import annotations

import json
import logging
from datetime import timedelta

import pytest

from audiospective import clock
from audiospective.clients.mail_http import LONGEST_SECONDS
from audiospective.clients.queues import DEFAULT_TIMEOUT, INTERACTIVE
from audiospective.incidents import lasting_refusals
from audiospective.incidents.guard_marks import Guard
from audiospective.jobs import periodic
from audiospective.models import Connection, SpotifyApp, User, database, notices
from audiospective.models.connections import NOT_ALLOWED
from audiospective.models.coverage import Coverage
from audiospective.models.marks import Mark
from audiospective.models.notices import OBSOLETE, QUEUED, SENT, Notice
from audiospective.models.poll_log import PollLog
from audiospective.models.refusals import Refusal
from audiospective.notices import compose, delivery, kind, members, outbox, owing
from audiospective.notices.kind import Draft
from audiospective.notices.kinds import operator_alert, renewal
from audiospective.operations import maintenance
from audiospective.policy.failures import Failure
from tests.factories import connected, make_connection, make_user

DAY = timedelta(days=1)


def ending(services, size, **values):
    """Members whose consents end in twenty days."""
    return [
        make_connection(
            services,
            make_user(f"m{n}", email=f"m{n}@mail.example", email_verified_at=clock.now(), **values),
            reauth_due_at=clock.now() + 20 * DAY,
            last_success_at=clock.now(),
        )
        for n in range(size)
    ]


@pytest.mark.parametrize(
    "mark", ["guard:1:nobody_knows_this", "guard:one:auth", "guard:", "outage:x", "frozen:x"]
)
def test_a_mark_that_nobody_understands_keeps_no_renewal_back(services, frozen, mark):
    ending(services, 9)
    Mark.put(mark, clock.now())
    maintenance.maintain(services)
    assert Notice.select().where(Notice.kind == "renewal").count() == 9


def test_an_error_about_one_member_keeps_nothing_from_the_others(
    services, frozen, monkeypatch, caplog
):
    people = ending(services, 9)
    facts = members.facts

    def broken(services, user):
        if user.id == people[4].user_id:
            raise ValueError("nobody thought of this")
        return facts(services, user)

    monkeypatch.setattr(members, "facts", broken)
    assert owing.owe(services)["renewal"] == 8
    assert "notice_failed" in caplog.text


def test_an_app_whose_owner_came_meanwhile_keeps_no_alarm_back(services, frozen, monkeypatch):
    make_user("alice", email="a@mail.example", email_verified_at=clock.now(), is_operator=True)
    facts = {"since": clock.to_ms(clock.now()), "app": 1}
    troubles = [
        operator_alert.Trouble("app_refused", f"app_refused.{app}.1", facts, owner)
        for app, owner in ((7, 99), (1, None))
    ]
    monkeypatch.setattr(operator_alert, "_troubles", lambda services: iter(troubles))
    assert owing.owe(services, operator_alert.KIND.name) == {"operator_alert": 1}


@pytest.mark.parametrize("broken", [one.name for one in kind.everything() if one.due])
def test_an_error_in_one_kind_keeps_nothing_from_the_others(services, frozen, monkeypatch, broken):
    ending(services, 3)

    def everything():
        return [Broken(one) if one.name == broken else one for one in kind.everything() if one.due]

    class Broken:
        def __init__(self, one):
            self.name = one.name

        def due(self, services):
            raise RuntimeError("nobody thought of this")

    monkeypatch.setattr(owing, "everything", everything)
    found = owing.owe(services)
    assert broken not in found
    assert found.get("renewal", 3) == 3
    assert len(found) == len(everything()) - 1


def test_a_failure_that_an_older_release_named_is_held_against_nobody(services, frozen):
    people = ending(services, 3)
    Connection.update(consecutive_failures=1, last_failure_type="from_the_past").where(
        Connection.user == people[0].user_id
    ).execute()
    assert owing.owe(services)["renewal"] == 3


def queries(monkeypatch, action):
    with monkeypatch.context() as patch:
        seen = []
        run = database.obj.execute_sql

        def counted(*args, **kwargs):
            seen.append(args[0])
            return run(*args, **kwargs)

        patch.setattr(database.obj, "execute_sql", counted)
        action()
    return len(seen)


def test_a_thousand_members_whose_consents_end_cost_an_idle_round_as_much_as_ten(
    services, frozen, monkeypatch
):
    ending(services, 10)
    first = owing.owe(services)
    few = queries(monkeypatch, lambda: owing.owe(services))
    User.update(is_operator=True).where(User.id == 1).execute()
    for n in range(990):
        user = make_user(f"more{n}", email=f"n{n}@mail.example", email_verified_at=clock.now())
        make_connection(
            services,
            user,
            app=SpotifyApp.get_by_id(1),
            reauth_due_at=clock.now() + 20 * DAY,
            last_success_at=clock.now(),
        )
    assert (first["renewal"], owing.owe(services)["renewal"]) == (10, 990)
    many = queries(monkeypatch, lambda: owing.owe(services))
    assert many == few < 30
    # The first round of a day, which purges fourteen tables.
    assert queries(monkeypatch, lambda: maintenance.maintain(services)) < 65


def test_an_outage_of_which_no_member_is_told_costs_a_round_the_same_for_few_and_for_many(
    services, frozen, monkeypatch
):
    def silent(names):
        for name in names:
            user = make_user(name, email=f"{name}@mail.example", email_verified_at=clock.now())
            one = make_connection(services, user, last_success_at=clock.now() - 2 * DAY)
            Coverage.begin(one.user_id, clock.now() - 9 * DAY)
            PollLog.create(user=one.user_id, at=clock.now() - DAY, outcome="network")

    silent(f"m{n}" for n in range(30))
    Connection.update(consecutive_failures=9, last_failure_type="network").execute()
    Mark.put("outage:1", clock.now() - DAY, json.dumps({"late": 30, "people": 30}))
    few = queries(monkeypatch, lambda: owing.owe(services, "no_success"))
    silent(f"n{n}" for n in range(30))
    Connection.update(consecutive_failures=9, last_failure_type="network").execute()
    assert queries(monkeypatch, lambda: owing.owe(services, "no_success")) == few
    assert Notice.select().count() == 0


def test_of_two_archives_that_share_an_address_each_is_told_once_of_the_same(
    posted, office, frozen
):
    both = [one.user_id for one in ending(posted, 2)]
    User.update(email="both@mail.example").execute()
    for _ in range(3):
        owing.owe(posted)
        delivery.drain(posted, wait=lambda _: None)
    assert len(office.subjects("both@mail.example")) == 2
    Connection.update(last_success_at=clock.now() + 14 * DAY).execute()
    frozen.forward(days=14)  # and again, six days before the end
    for _ in range(3):
        owing.owe(posted)
        delivery.drain(posted, wait=lambda _: None)
    rows = Notice.select().order_by(Notice.step, Notice.user)
    assert [(row.user_id, row.step, row.status) for row in rows] == [
        (user_id, step, SENT) for step in (0, 1) for user_id in both
    ]


def test_a_reminder_that_waited_until_the_next_one_was_due_is_not_sent(services, frozen):
    ending(services, 1)
    owing.owe(services)
    frozen.forward(days=14)
    owing.owe(services)
    first, second = Notice.select().where(Notice.kind == "renewal").order_by(Notice.step)
    assert not renewal.still_true(first, {})
    assert renewal.still_true(second, {})


def put(services, name="welcome", **values):
    who = f"u{User.select().count()}"
    user = make_user(who, email=f"{who}@mail.example", email_verified_at=clock.now())
    found = kind.find(name)
    assert found is not None
    data = {"number": None, **values}
    draft = Draft(recipient=user.email, dedupe_key=str(user.id), data=data, user_id=user.id)
    assert outbox.put(services, found, draft)
    return Notice.select().order_by(Notice.id.desc()).get()


def test_an_email_of_a_kind_that_only_a_newer_release_knows_waits_and_is_logged(
    posted, office, frozen, caplog
):
    stranger = put(posted)
    Notice.update(kind="from_the_future").where(Notice.id == stranger.id).execute()
    known = put(posted)
    caplog.set_level(logging.WARNING)
    delivery.drain(posted)
    assert Notice.get_by_id(stranger.id).status == QUEUED
    assert Notice.get_by_id(known.id).status == SENT
    assert "unknown_kind" in caplog.text


def test_an_error_in_one_email_is_tried_again_later_and_keeps_no_other(
    posted, office, frozen, monkeypatch
):
    first, second = put(posted, number=1), put(posted, number=2)
    envelope = compose.envelope

    def broken(services, found, notice):
        if notice.id == first.id:
            raise RuntimeError("nobody thought of this")
        return envelope(services, found, notice)

    with monkeypatch.context() as patch:
        patch.setattr(compose, "envelope", broken)
        delivery.drain(posted)
    assert Notice.get_by_id(first.id).status == QUEUED
    assert Notice.get_by_id(second.id).status == SENT
    frozen.forward(minutes=2)
    delivery.drain(posted)
    assert Notice.get_by_id(first.id).status == SENT


def test_a_notice_that_was_put_off_meanwhile_is_not_taken(services, frozen):
    notice = put(services)
    Notice.update(next_attempt_at=clock.now() + timedelta(minutes=5)).execute()
    assert notices.claim(notice.id, clock.now()) is None
    frozen.forward(minutes=5)
    assert notices.claim(notice.id, clock.now()) is not None


def test_jobs_that_send_end_in_their_time(settings):
    """The last e-mail may begin just before the round's seconds are over."""
    (entry,) = [one for one in periodic.timetable(settings) if one.name == "maintenance"]
    sending = delivery.SECONDS + LONGEST_SECONDS
    assert sending < DEFAULT_TIMEOUT  # of the job that somebody's wait wakes
    assert maintenance.SECONDS + sending < entry.timeout


def test_a_round_that_took_long_leaves_the_emails_to_a_job_of_their_own(
    posted, office, frozen, monkeypatch
):
    put(posted)
    with monkeypatch.context() as patch:
        patch.setattr(maintenance, "SECONDS", -1.0)
        maintenance.maintain(posted)
    assert office.asked == []
    assert [job.func_name for job in posted.queues.queue(INTERACTIVE).jobs] == [
        "audiospective.jobs.tasks.send_emails"
    ]
    maintenance.maintain(posted)
    assert len(office.asked) == 1


def test_an_alert_whose_trouble_is_over_before_it_could_leave_is_not_sent(posted, office, frozen):
    make_user("olga", email="olga@mail.example", email_verified_at=clock.now(), is_operator=True)
    SpotifyApp.create(client_id="x", secret_encrypted="", created_at=clock.now())
    Mark.put("guard:1:auth", clock.now())
    assert owing.owe(posted)["operator_alert"] == 1
    Mark.drop("guard:1:auth")
    delivery.drain(posted)
    assert [one.status for one in Notice.select()] == [OBSOLETE]
    assert owing.owe(posted)["operator_alert"] == 0  # and its end is no news either
    assert office.delivered == {}
    assert operator_alert.OVER not in [one.step for one in Notice.select()]


@pytest.mark.parametrize(
    ("standing", "told"),
    [
        ("still_refused:{}:auth", {"guard", "outage", "not_allowed"}),
        ("still_refused:{}:not_allowed", {"guard", "outage"}),  # which tells of all of them
        ("guard:{}:auth", {"guard"}),  # which explains what else happens
    ],
)
def test_those_who_are_refused_for_weeks_keep_no_other_trouble_of_their_app_from_operators(
    services, frozen, standing, told
):
    make_user("olga", email="olga@mail.example", email_verified_at=clock.now(), is_operator=True)
    alice = connected(
        services, status=NOT_ALLOWED, consecutive_failures=3, last_failure_type=NOT_ALLOWED
    )
    long_ago = clock.now() - 2 * DAY
    Mark.put(standing.format(alice.app_id), long_ago - 5 * DAY)
    since = clock.to_ms(long_ago)
    note = {"late": 5, "people": 5, "since": since, "seen": clock.to_ms(clock.now())}
    Mark.put(f"outage:{alice.app_id}", long_ago, json.dumps(note))
    owing.owe(services)
    alerts = Notice.select().where(Notice.kind == "operator_alert")
    assert {one.dedupe_key.partition(".")[0] for one in alerts} == told


@pytest.mark.parametrize(
    ("seen", "told"),
    [
        (3, {"guard"}),
        (30, {"guard", "outage"}),  # whom it met are charged by now: nobody at all is served
    ],
)
def test_an_outage_that_goes_on_after_a_guard_was_lifted_is_told_beside_those_still_refused(
    services, frozen, seen, told
):
    make_user("olga", email="olga@mail.example", email_verified_at=clock.now(), is_operator=True)
    alice = connected(services)
    began = clock.now()
    guard = Guard(alice.app_id, Failure.AUTH, began, "guard")
    for number in range(7):
        connected(
            services,
            name=f"m{number}",
            consecutive_failures=1,
            last_failure_type=Failure.AUTH.value,
        )
    for one in Connection.select().where(Connection.user != alice.user_id):
        Refusal.create(app=alice.app_id, kind="auth", user=one.user_id, first_at=began, at=began)
    frozen.forward(days=1)
    lasting_refusals.keep(guard, began)
    lifted = clock.now()
    frozen.forward(hours=30)
    note = {"late": 5, "people": 5, "since": clock.to_ms(began),
            "seen": clock.to_ms(lifted + timedelta(hours=seen))}  # fmt: skip
    Mark.put(f"outage:{alice.app_id}", began + timedelta(hours=4), json.dumps(note))
    owing.owe(services)
    alerts = Notice.select().where(Notice.kind == "operator_alert")
    assert {one.dedupe_key.partition(".")[0] for one in alerts} == told
