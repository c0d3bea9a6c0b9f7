"""Months of trouble under a clock: who is told, when, and never more than they can bear."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest

from audiospective import clock
from audiospective.accounts import connection as connections
from audiospective.clients.spotify import SpotifyError
from audiospective.incidents import mass_failure
from audiospective.models import Connection, SpotifyApp, User
from audiospective.models.apps import SECRET_PLACE
from audiospective.models.connections import REFRESH_PLACE
from audiospective.models.coverage import Coverage
from audiospective.models.gaps import Gap
from audiospective.models.marks import Mark
from audiospective.models.notices import FAILED, OBSOLETE, SENT, Notice
from audiospective.models.poll_log import PollLog
from audiospective.notices import owing
from audiospective.notices.kinds.operator_alert import OVER
from audiospective.operations import health, maintenance
from audiospective.policy.failures import Failure
from audiospective.policy.health import HealthStatus
from audiospective.polling import batch, coverage
from tests.support.post_office import refused

REVOKED = SpotifyError(Failure.AUTH, "revoked", status=400)
NOT_LISTED = SpotifyError(Failure.NOT_ALLOWED, "not listed", status=403)
DOWN = SpotifyError(Failure.NETWORK, "502", status=502)
HOUR = timedelta(hours=1)
BROKEN = RuntimeError("something nobody thought of")


@pytest.fixture
def database_url(sqlite_database_url):
    """Months cost too much to live twice: here SQLite, in `test_instances` PostgreSQL."""
    return sqlite_database_url


def sent(kind):
    rows = Notice.select().where((Notice.kind == kind) & (Notice.status == SENT))
    return list(rows.order_by(Notice.sent_at))


def hours_after(start, notices):
    assert all(one.sent_at - one.created_at <= HOUR for one in notices)
    return [(one.created_at - start) / HOUR for one in notices]


def healthy(life, connection):
    life.step()
    assert life.row(connection).last_success_at is not None


@pytest.mark.parametrize("flushing", [False, True], ids=["calm", "redis-flushed-at-random"])
def test_a_revoked_person_gets_three_emails_and_no_fourth_in_sixty_days(life, flushing):
    chance = random.Random(7)
    if flushing:
        life.flush = lambda: chance.random() < 0.3
    alice = life.person()
    healthy(life, alice)
    life.passes(hours=5)
    start = clock.now()
    life.breaks(alice, REVOKED)
    life.passes(2 * HOUR if flushing else HOUR, days=12)
    found = sent("archive_stopped")
    broke = Notice.select().order_by(Notice.id).get().created_at
    assert broke - start < timedelta(hours=6)  # alone, a refusal has to outlast a pause
    assert hours_after(broke, found) == [0, 48, 168]
    assert [one.step for one in found] == [0, 1, 2]
    assert life.row(alice).status == "needs_reauth"
    # The polls have ended; what is left is the round of maintenance.
    calls = sum(life.spotify.calls.values())
    for _ in range(60):
        life.frozen.forward(days=1)
        life.step()
    assert len(life.emails()) == 3
    assert sum(life.spotify.calls.values()) == calls
    assert health.state(life.services, alice.user_id).status is HealthStatus.RECONNECT_NEEDED
    assert life.row(alice).refresh_encrypted == ""  # dead tokens are not kept for ever


def test_whoever_reconnects_after_the_first_email_gets_back_on_and_nothing_more(life):
    alice = life.person()
    healthy(life, alice)
    life.breaks(alice, REVOKED)
    life.passes(HOUR, hours=30)
    assert len(life.emails()) == 1
    life.reconnect(alice)
    life.passes(6 * HOUR, days=9)
    assert [one.kind for one in Notice.select().order_by(Notice.id)] == [
        "archive_stopped",
        "back_on",
    ]
    assert len(life.emails()) == 2
    row = life.row(alice)
    assert row.consecutive_failures == 0


def test_a_new_incident_starts_at_one(life):
    alice = life.person()
    healthy(life, alice)
    life.breaks(alice, REVOKED)
    life.passes(HOUR, hours=30)
    life.reconnect(alice)
    life.passes(hours=5)
    life.breaks(alice, REVOKED)
    life.passes(6 * HOUR, days=10)
    assert [one.step for one in sent("archive_stopped")] == [0, 0, 1, 2]


def test_a_reconnection_that_fails_at_once_starts_a_new_incident(life):
    alice = life.person()
    healthy(life, alice)
    life.breaks(alice, REVOKED)
    life.passes(6 * HOUR, days=9)
    assert len(life.emails()) == 3
    life.reconnect(alice)
    life.breaks(alice, REVOKED)
    life.passes(hours=3)
    assert [one.step for one in sent("archive_stopped")] == [0, 1, 2, 0]


def test_an_account_missing_on_the_list_is_told_and_looked_at_for_ever(life):
    alice = life.person()
    healthy(life, alice)
    life.breaks(alice, NOT_LISTED)
    life.passes(6 * HOUR, days=12)
    assert len(life.emails()) == 3
    assert life.row(alice).status == "not_allowed"
    life.heals(alice)  # the operator listed the account, without a word to anybody
    life.passes(HOUR, hours=25)
    assert life.row(alice).status == "active"
    assert [one.kind for one in sent("back_on")] == ["back_on"]


def test_no_proven_address_means_no_email_and_the_dashboard_says_so(life):
    alice = life.person()
    User.update(email_verified_at=None).execute()
    healthy(life, alice)
    assert health.state(life.services, alice.user_id).silent == health.NOT_PROVEN
    life.breaks(alice, REVOKED)
    life.passes(3 * HOUR, days=4)
    state = health.state(life.services, alice.user_id)
    assert life.office.asked == []
    assert state.status is HealthStatus.RECONNECT_NEEDED
    assert state.at_risk_since == life.row(alice).last_success_at
    # Nobody is excluded without an e-mail: once there is an address, the first one comes.
    User.update(email_verified_at=clock.now()).execute()
    life.passes(hours=1)
    assert len(life.emails()) == 1
    assert health.state(life.services, alice.user_id).silent is None


def crowd(life, size):
    people = [life.person(f"listener{number}", plays=1) for number in range(size)]
    healthy(life, people[0])
    return people


def test_a_false_mass_invalid_grant_mails_nobody_and_costs_no_token(life):
    people = crowd(life, size := 300)
    operator = life.user(people[-1])
    User.update(is_operator=True).where(User.id == operator.id).execute()
    tokens = {row.user_id: row.refresh_encrypted for row in Connection.select()}
    life.frozen.forward(minutes=45)
    for one in people:
        life.breaks(one, REVOKED)
    life.passes(hours=4)
    assert sent("archive_stopped") == sent("no_success") == []
    assert len(sent("operator_alert")) == 1
    rows = list(Connection.select())
    assert {row.status for row in rows} == {"active"}
    assert {row.consecutive_failures for row in rows} == {0}
    assert {row.user_id: row.refresh_encrypted for row in rows} == tokens
    vault = life.services.vault
    assert vault.decrypt(REFRESH_PLACE, people[7].user_id, tokens[people[7].user_id]).startswith(
        "refresh-"
    )
    state = health.state(life.services, people[0].user_id)
    assert state.status is HealthStatus.APP_REFUSED

    for one in people:
        life.heals(one)
    life.passes(hours=2)
    assert (
        Connection.select()
        .where(Connection.last_success_at > clock.now() - timedelta(hours=3))
        .count()
        == size
    )
    assert {one.kind for one in Notice.select().where(Notice.status == SENT)} == {"operator_alert"}
    assert not Mark.select().where(Mark.name.startswith("guard:")).exists()


@pytest.mark.parametrize("refusal", [REVOKED, NOT_LISTED], ids=["token", "list"])
def test_who_alone_was_polled_while_everybody_was_refused_for_minutes_hears_nothing(life, refusal):
    """Three people are too few for a guard while others were served minutes before and after."""
    few = [life.person(name) for name in ("alice", "bob", "charlie")]
    many = [life.person(f"member{n}") for n in range(20)]
    life.step()
    ids = [one.user_id for one in few]
    later = clock.now() + timedelta(minutes=65)
    Connection.update(next_poll_at=later).where(Connection.user.in_(ids)).execute()
    life.frozen.forward(minutes=62)
    life.step()
    assert {life.row(one).last_success_at for one in many} == {clock.now()}
    life.frozen.forward(minutes=4)
    for one in few:
        life.breaks(one, refusal)
    life.step()
    assert [life.row(one).consecutive_failures for one in few] == [1, 1, 1]
    soon = clock.now() + timedelta(minutes=15)  # others are served before these are asked again
    Connection.update(next_poll_at=soon).where(Connection.user.not_in(ids)).execute()
    for one in few:
        life.heals(one)
    life.passes(hours=3)
    assert [life.row(one).consecutive_failures for one in few] == [0, 0, 0]
    assert sent("archive_stopped") == sent("operator_alert") == []


def polled(life, *people):
    """Each of them is polled now, and a round of maintenance follows."""
    for one in people:
        batch.now(life.services, one.user_id)
    maintenance.maintain(life.services, wait=lambda seconds: None)


def test_a_refusal_that_follows_other_failures_is_asked_again_as_soon_as_any(life):
    alice, bob = life.person("alice"), life.person("bob")
    life.step()
    life.breaks(alice, DOWN)
    for _ in range(3):
        life.frozen.forward(hours=2)
        polled(life, alice, bob)
    life.breaks(alice, NOT_LISTED)
    life.frozen.forward(hours=2)
    polled(life, alice, bob)
    assert life.row(alice).consecutive_failures == 4
    assert life.row(alice).next_poll_at - clock.now() == timedelta(minutes=30)
    life.frozen.forward(minutes=30)
    polled(life, alice, bob)
    assert len(sent("archive_stopped")) == 1


def test_who_was_refused_once_and_then_met_an_outage_was_not_refused_twice(life):
    alice, bob = life.person("alice"), life.person("bob")
    life.step()
    for error in (NOT_LISTED, DOWN):
        life.breaks(alice, error)
        life.frozen.forward(minutes=31)
        polled(life, alice, bob)
    life.frozen.forward(minutes=20)
    polled(life, bob)
    assert life.row(alice).consecutive_failures == 2
    assert sent("archive_stopped") == []


def test_refusals_before_a_new_consent_do_not_count_after_it(life):
    alice, bob = life.person("alice"), life.person("bob")
    life.step()
    life.breaks(alice, REVOKED)
    for _ in range(2):
        life.frozen.forward(minutes=31)
        polled(life, alice, bob)
    assert len(sent("archive_stopped")) == 1
    life.frozen.forward(hours=3)
    life.reconnect(alice)
    life.breaks(alice, REVOKED)
    life.frozen.forward(minutes=1)
    polled(life, alice, bob)
    life.frozen.forward(minutes=20)
    polled(life, bob)
    assert len(sent("archive_stopped")) == 1  # refused once since
    life.frozen.forward(minutes=10)
    polled(life, alice, bob)
    assert len(sent("archive_stopped")) == 2


def test_the_guard_lifts_and_then_whoever_is_really_revoked_is_told(life):
    people = crowd(life, 12)
    life.frozen.forward(minutes=45)
    for one in people:
        life.breaks(one, REVOKED)
    life.passes(hours=3)
    assert sent("archive_stopped") == []
    for one in people[1:]:
        life.heals(one)
    life.passes(hours=8)
    assert len(life.emails("listener0")) == 1
    assert all(life.emails(f"listener{number}") == [] for number in range(1, 12))


def test_those_who_are_refused_for_a_day_while_others_are_served_do_not_hold_the_guard_up(life):
    people = crowd(life, 20)
    life.frozen.forward(minutes=45)
    for one in people[:8]:
        life.breaks(one, REVOKED)
    life.passes(hours=20)
    assert sent("archive_stopped") == []
    assert Mark.named("guard:")
    life.passes(hours=6)
    assert len(sent("archive_stopped")) == 5  # in turns, lest an outage in part mails everybody
    assert not Mark.named("guard:")
    life.passes(HOUR, hours=25)
    assert [one.step for one in sent("archive_stopped")] == [0] * 8


def alerts(*topics):
    return [one for one in sent("operator_alert") if one.dedupe_key.startswith(topics)]


def test_an_outage_of_a_part_of_an_app_mails_few_and_the_operator_before_them(life):
    people = crowd(life, 30)
    User.update(is_operator=True).where(User.id == people[-1].user_id).execute()
    life.frozen.forward(minutes=45)
    for one in people[:12]:
        life.breaks(one, REVOKED)
    life.passes(hours=29)
    told = sent("archive_stopped")
    assert len(told) == 5
    (alert,) = alerts("guard", "outage")  # not that it is over, while many are refused
    assert alert.sent_at < told[0].sent_at - timedelta(hours=20)
    for one in people[:12]:
        life.heals(one)
    life.passes(HOUR, hours=24)
    assert len(sent("archive_stopped")) == 5
    assert sent("no_success") == []
    assert [one.step for one in alerts("guard", "outage")] == [0, OVER]


def test_a_founding_day_that_ends_together_is_no_accident(life):
    ends = clock.now() + timedelta(days=2)
    people = [life.person(f"listener{n}", reauth_due_at=ends) for n in range(12)]
    healthy(life, people[0])
    life.frozen.to(ends)
    for one in people:
        life.breaks(one, REVOKED)
    life.passes(hours=3)
    assert len(sent("archive_stopped")) == 12


@pytest.mark.parametrize(
    ("near_their_end", "minutes"),
    [(8, 100), (8, 600), (20, 100), (20, 600)],
    ids=["some", "some for long", "all", "all for long"],
)
def test_consents_about_to_end_are_not_taken_for_ended_while_everybody_is_refused(
    life, near_their_end, minutes
):
    ends = clock.now() + timedelta(days=2)
    people = crowd(life, 20)
    ids = [one.user_id for one in people[:near_their_end]]
    Connection.update(reauth_due_at=ends).where(Connection.user.in_(ids)).execute()
    life.frozen.forward(minutes=45)
    for one in people:
        life.breaks(one, REVOKED)
    life.passes(timedelta(minutes=10), minutes=minutes)
    for one in people:
        life.heals(one)
    life.passes(hours=9)
    assert sent("archive_stopped") == []
    assert {life.row(one).consecutive_failures for one in people} == {0}
    for one in people[:5]:
        life.breaks(one, REVOKED)
    life.passes(hours=3)
    assert len(sent("archive_stopped")) == 5


def test_a_new_consent_is_not_waited_for_because_the_one_before_was_about_to_end(life):
    alice = life.person()
    healthy(life, alice)
    Connection.update(reauth_due_at=clock.now() + timedelta(days=2)).execute()
    life.frozen.forward(hours=1)
    life.breaks(alice, REVOKED)
    polled(life, alice)
    assert mass_failure.refused_once(life.row(alice))
    life.frozen.forward(minutes=5)
    life.reconnect(alice)
    life.frozen.forward(hours=1)
    life.breaks(alice, REVOKED)
    life.passes(hours=8)
    assert len(sent("archive_stopped")) == 1


def test_a_spotify_outage_of_thirty_hours_mails_nobody_and_loses_nothing_it_could_keep(life):
    people = [life.person(f"listener{number}") for number in range(6)]
    for one in people:
        life.plays(one, 50)
    healthy(life, people[0])
    life.passes(hours=3)
    for one in people:
        life.breaks(one, DOWN)
    before = sum(life.spotify.calls.values())
    life.passes(hours=30)
    tries = (sum(life.spotify.calls.values()) - before) / len(people)
    assert 20 <= tries <= 45  # the breaker's longest pause is an hour
    state = health.state(life.services, people[0].user_id)
    assert state.status is HealthStatus.SPOTIFY_SILENT
    for number, one in enumerate(people):
        life.heals(one)
        if number == 0:  # fifty new ones: more may have been played
            life.plays(one, 50)
        else:
            known = life.spotify.pages[f"access-{one.user_id}"]
            assert known.plays
    life.passes(hours=3)
    assert Notice.select().count() == 0
    assert Connection.select().where(Connection.consecutive_failures > 0).count() == 0
    (gap,) = Gap.select()
    assert (gap.user_id, gap.cause) == (people[0].user_id, "outage")
    assert gap.ended_at - gap.started_at > timedelta(hours=25)
    assert life.row(people[0]).plays_archived == 100


def test_the_dead_mans_switch_tells_one_person_once_and_says_when_it_is_over(life):
    alice, *others = [life.person(name) for name in ("alice", "bob", "charlie")]
    healthy(life, alice)
    life.breaks(alice, BROKEN)
    life.passes(hours=22)
    assert life.emails() == []
    life.passes(hours=6)
    assert [one.kind for one in Notice.select()] == ["no_success"]
    life.passes(4 * HOUR, days=5)
    assert len(life.emails()) == 1
    life.heals(alice)
    life.passes(hours=4)
    assert [one.kind for one in Notice.select().order_by(Notice.id)] == ["no_success", "back_on"]
    assert all(life.emails(name) == [] for name in ("bob", "charlie"))
    assert len(others) == 2


@pytest.mark.parametrize(
    ("trouble", "kind"), [(BROKEN, "no_success"), (NOT_LISTED, "archive_stopped")]
)
def test_whose_checks_never_worked_is_told_of_none_that_did(life, trouble, kind):
    alice, *_ = [life.person(name) for name in ("alice", "bob", "charlie")]
    life.breaks(alice, trouble)
    life.passes(HOUR, hours=30)
    assert life.row(alice).last_success_at is None
    (notice,) = [one for one in Notice.select() if one.user_id == alice.user_id]
    assert notice.kind == kind
    (email,) = life.office.to("alice@mail.example")
    assert "since you connected Spotify" in " ".join(email["text"].split())
    life.heals(alice)
    life.passes(HOUR, hours=30)
    back_on = life.office.to("alice@mail.example")[-1]
    assert "for the first time" in " ".join(back_on["text"].split())


def test_network_trouble_of_one_person_among_many_is_not_an_outage(life):
    alice, *_ = [life.person(name) for name in ("alice", "bob", "charlie")]
    healthy(life, alice)
    life.breaks(alice, DOWN)
    life.passes(HOUR, hours=30)
    assert [one.kind for one in Notice.select()] == ["no_success"]


def test_our_own_downtime_mails_nobody_when_we_are_back(life):
    people = [life.person(name) for name in ("alice", "bob")]
    healthy(life, people[0])
    life.frozen.forward(hours=50)  # nothing ran at all
    maintenance.maintain(life.services)  # before the first polls
    life.passes(hours=3)
    assert Notice.select().count() == 0


def test_a_pause_is_the_persons_own_wish_and_no_email_follows_it(life):
    alice = life.person()
    life.person("bob")
    life.plays(alice, 50)
    healthy(life, alice)
    Connection.update(status="paused").where(Connection.user == alice.user_id).execute()
    coverage.interrupt(alice.user_id)
    life.passes(3 * HOUR, days=3)
    assert life.emails() == []
    Connection.update(status="active", next_poll_at=clock.now()).where(
        Connection.user == alice.user_id
    ).execute()
    owing.owe(life.services)
    life.plays(alice, 50)
    life.passes(hours=1)
    assert life.emails() == []
    (gap,) = Gap.select()
    assert gap.cause == "paused"


@pytest.mark.parametrize("away", ["paused", "disconnected"])
def test_what_failed_before_a_pause_is_no_silence_after_it(life, away):
    alice, bob = life.person(), life.person("bob")  # who is served, so that it is hers alone
    healthy(life, alice)
    life.breaks(alice, DOWN)
    life.passes(HOUR, hours=3)
    if away == "paused":
        connections.pause(alice.user_id)
    else:
        connections.disconnect(alice.user_id)
    life.frozen.forward(days=3)
    life.plays(bob, 1)
    if away == "paused":
        connections.resume(life.services, alice.user_id)
    else:
        life.reconnect(alice)
        life.breaks(alice, DOWN)
    life.step()
    life.passes(2 * HOUR, hours=18)
    assert life.emails() == []
    life.passes(2 * HOUR, hours=6)
    assert [one.kind for one in sent("no_success")] == ["no_success"]


@pytest.mark.parametrize("away", ["paused", "disconnected"])
def test_whoever_comes_back_after_half_a_year_is_told_that_spotify_refuses(life, away):
    alice = life.person(reauth_due_at=clock.now() + timedelta(days=300))
    healthy(life, alice)
    if away == "paused":
        connections.pause(alice.user_id)
    else:
        connections.disconnect(alice.user_id)
    life.frozen.forward(days=190)
    if away == "paused":
        connections.resume(life.services, alice.user_id)
    else:
        life.reconnect(alice)
    life.breaks(alice, NOT_LISTED)
    life.passes(6 * HOUR, days=10)
    assert [one.step for one in sent("archive_stopped")] == [0, 1, 2]


def test_renewal_is_asked_for_thirty_seven_and_one_day_before(life):
    alice = life.person(reauth_due_at=clock.now() + timedelta(days=33))
    ends = alice.reauth_due_at
    for _ in range(33 * 2):
        life.frozen.forward(hours=12)
        life.plays(alice, 1)
        life.step()
    found = sent("renewal")
    assert [one.step for one in found] == [0, 1, 2]
    assert [(ends - one.sent_at).days for one in found] == [30, 7, 1]
    life.breaks(alice, REVOKED)  # the end itself
    life.passes(hours=5)
    assert [one.step for one in sent("archive_stopped")] == [0]


def test_in_a_pause_the_end_of_the_consent_is_told_once(life):
    alice = life.person(reauth_due_at=clock.now() + timedelta(days=33))
    healthy(life, alice)
    connections.pause(alice.user_id)
    for _ in range(40):
        life.frozen.forward(days=1)
        life.step()
    assert [(one.kind, one.step) for one in Notice.select()] == [("renewal", 0)]
    (subject,) = life.emails()
    assert subject.startswith("Your archive is paused")


def test_a_reminder_that_was_refused_is_not_the_one_of_a_pause(life):
    alice = life.person(reauth_due_at=clock.now() + timedelta(days=31))
    healthy(life, alice)
    connections.pause(alice.user_id)
    life.office.answer = lambda email, key: refused(422, "validation_error")
    for day in range(30):
        life.frozen.forward(days=1)
        if day == 10:
            life.office.answer = None
        life.step()
    assert [(one.step, one.status) for one in Notice.select()] == [(0, FAILED), (1, SENT)]


def test_whoever_resumes_is_reminded_as_anybody(life):
    alice = life.person(reauth_due_at=clock.now() + timedelta(days=31))
    healthy(life, alice)
    connections.pause(alice.user_id)
    for day in range(31):
        life.frozen.forward(days=1)
        if day == 10:
            connections.resume(life.services, alice.user_id)
        life.plays(alice, 1)
        life.step()
    assert [one.step for one in sent("renewal")] == [0, 1, 2]
    assert ["paused" in subject for subject in life.emails()] == [True, False, False]


def test_whoever_renews_gets_no_further_reminder(life):
    alice = life.person(reauth_due_at=clock.now() + timedelta(days=31))
    healthy(life, alice)
    life.frozen.forward(days=2)
    life.step()
    assert len(sent("renewal")) == 1
    life.reconnect(alice)
    for _ in range(40):
        life.frozen.forward(days=1)
        life.plays(alice, 1)
        life.step()
    assert [one.kind for one in Notice.select()] == ["renewal"]


def test_emails_that_are_no_longer_true_when_mail_works_again_are_not_sent(life):
    alice, bob = life.person("alice"), life.person("bob")
    life.person("charlie")
    healthy(life, alice)
    life.office.answer = lambda email, key: refused(500, "application_error")
    life.breaks(alice, REVOKED)
    life.breaks(bob, REVOKED)
    life.passes(hours=6)
    life.reconnect(alice)
    life.passes(hours=2)
    life.office.answer = None
    life.passes(hours=3)
    assert life.emails("alice") == []
    assert len(life.emails("bob")) == 1
    kinds = {(one.recipient[:3], one.kind, one.status) for one in Notice.select()}
    assert ("ali", "archive_stopped", OBSOLETE) in kinds
    assert ("bob", "archive_stopped", SENT) in kinds


def test_an_empty_page_twice_is_asked_about_and_not_held_against_anybody(life):
    alice = life.person()
    life.person("bob")
    healthy(life, alice)
    success = life.row(alice).last_success_at
    life.spotify.pages[f"access-{alice.user_id}"] = type(
        life.spotify.pages[f"access-{alice.user_id}"]
    )()
    life.passes(hours=3)
    row = life.row(alice)
    assert (row.consecutive_failures, row.last_success_at) == (0, success)
    assert row.empty_pages >= 2
    assert life.spotify.calls["me"] >= 1
    outcomes = {one.outcome for one in PollLog.select().where(PollLog.user == alice.user_id)}
    assert outcomes == {"ok", "empty"}
    assert life.emails() == []
    life.plays(alice, 50)  # and nothing overlaps any more
    life.passes(hours=2)
    assert life.row(alice).empty_pages == 0
    (gap,) = Gap.select()
    assert gap.cause == "outage"


def test_empty_pages_and_a_refused_profile_are_a_silent_failure(life, monkeypatch):
    alice = life.person()
    healthy(life, alice)
    life.spotify.pages[f"access-{alice.user_id}"] = type(
        life.spotify.pages[f"access-{alice.user_id}"]
    )()

    def me(token, deadline):
        raise SpotifyError(Failure.AUTH, "who?", status=401)

    monkeypatch.setattr(life.spotify, "me", me)
    life.passes(hours=3)
    row = life.row(alice)
    assert row.last_failure_type == "silent"
    assert row.consecutive_failures >= 1


def test_a_new_account_without_plays_is_simply_up_to_date(life):
    alice = life.person()
    life.spotify.pages.clear()
    life.passes(HOUR, days=2)
    assert life.row(alice).consecutive_failures == 0
    assert health.state(life.services, alice.user_id).status is HealthStatus.UP_TO_DATE
    assert Coverage.select().count() == 1
    assert life.emails() == []


def test_fifty_one_plays_between_two_polls_are_told_once_a_week(life):
    alice = life.person()
    life.plays(alice, 50)
    healthy(life, alice)
    for _ in range(3):
        life.frozen.forward(minutes=70)
        life.plays(alice, 50, minutes=1)
        life.step()
    assert Gap.select().count() == 3
    assert {gap.cause for gap in Gap.select()} == {"overflow"}
    assert [one.kind for one in Notice.select()] == ["gap_found"]
    assert Coverage.select().count() == 4


def test_the_dashboard_says_what_a_reconnection_saved_and_what_may_be_missing(life):
    alice = life.person()
    life.plays(alice, 50)
    healthy(life, alice)
    stopped = life.row(alice).last_success_at
    life.breaks(alice, REVOKED)
    life.passes(3 * HOUR, days=3)
    life.reconnect(alice, 50)
    life.passes(hours=1)
    state = health.state(life.services, alice.user_id)
    assert state.status is HealthStatus.UP_TO_DATE
    assert state.returned is not None
    assert state.returned.saved == 50
    assert state.returned.gap is not None
    assert (state.returned.gap.cause, len(state.gaps)) == ("authorization", 1)
    assert stopped - state.returned.gap.started_at < timedelta(hours=3)
    back_on = sent("back_on")
    assert len(back_on) == 1


def operate(life, connection):
    User.update(is_operator=True).where(User.id == connection.user_id).execute()


def test_a_feed_that_stands_still_for_everybody_is_told_to_the_operator_alone(life):
    people = [life.person(f"listener{number}", plays=1) for number in range(11)]
    operate(life, people[0])
    healthy(life, people[0])
    life.passes(HOUR, hours=17)
    assert Notice.select().count() == 0
    life.passes(HOUR, hours=8)
    found = list(Notice.select())
    assert [(one.kind, one.user_id) for one in found] == [("operator_alert", people[0].user_id)]
    assert "nobody anything new" in life.emails("listener0")[0]
    for one in people:
        life.plays(one, 2)
    life.passes(HOUR, hours=17)
    assert [one.step for one in sent("operator_alert")] == [0, OVER]
    assert "shows new plays again" in life.emails("listener0")[1]
    assert Connection.select().where(Connection.consecutive_failures > 0).count() == 0


def test_the_operator_is_told_once_of_somebody_missing_on_the_list(life):
    boss, alice = life.person("boss"), life.person("alice")
    operate(life, boss)
    healthy(life, alice)
    life.breaks(alice, NOT_LISTED)
    life.passes(3 * HOUR, days=3)
    assert len(sent("operator_alert")) == 1
    assert "missing on the app’s list" in life.emails("boss")[0]


def test_an_app_that_is_refused_is_told_to_the_operator_at_once_and_thrice_at_most(life):
    people = [life.person(f"listener{number}") for number in range(6)]
    operate(life, people[0])
    healthy(life, people[0])
    for one in people:
        life.breaks(one, SpotifyError(Failure.APP, "invalid_client", status=400))
    start = clock.now()
    life.passes(HOUR, days=1)
    life.passes(4 * HOUR, days=19)
    assert {one.kind for one in Notice.select()} == {"operator_alert"}
    assert [one.step for one in sent("operator_alert")] == [0, 1, 2]
    assert sent("operator_alert")[0].sent_at - start <= 2 * HOUR
    rows = list(Connection.select())
    assert {(row.status, row.consecutive_failures) for row in rows} == {("active", 0)}
    for one in people:
        life.heals(one)
    life.passes(HOUR, hours=6)
    assert [one.step for one in sent("operator_alert")] == [0, 1, 2, OVER]
    assert "accepts the app again" in life.emails("listener0")[-1]


def test_whoever_brought_an_app_is_its_operator(life):
    """Alone in an app, everything hits "everybody": it must not stay silent for that."""
    boss, alice = life.person("boss"), life.person("alice")
    operate(life, boss)
    app = SpotifyApp.create(
        owner=alice.user_id, client_id="own", secret_encrypted="", seats=5, created_at=clock.now()
    )
    secret = life.services.vault.encrypt(SECRET_PLACE, app.id, "own-secret")
    SpotifyApp.update(secret_encrypted=secret).where(SpotifyApp.id == app.id).execute()
    Connection.update(app=app.id).where(Connection.user == alice.user_id).execute()
    healthy(life, alice)
    life.breaks(alice, SpotifyError(Failure.APP, "invalid_client", status=400))
    life.passes(HOUR, hours=23)
    assert {one.kind for one in Notice.select()} == {"operator_alert"}
    state = health.state(life.services, alice.user_id)
    assert state.status is HealthStatus.OWN_APP_REFUSED
    life.passes(HOUR, hours=8)
    assert {one.kind for one in Notice.select()} == {"operator_alert", "no_success"}
    assert life.emails("boss") == []
