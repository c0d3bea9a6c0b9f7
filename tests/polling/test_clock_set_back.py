"""The clock was an hour ahead and is set back: polling goes on within its own period."""

from __future__ import annotations

from datetime import timedelta

from audiospective import clock
from audiospective.clients.spotify import SpotifyError
from audiospective.incidents import mass_failure
from audiospective.models import Connection, SpotifyApp
from audiospective.models.base import read_clock
from audiospective.models.gaps import Gap
from audiospective.models.poll_log import PollLog
from audiospective.models.refusals import Refusal
from audiospective.policy.failures import Failure
from audiospective.polling import batch, plan, record
from audiospective.polling.clock_set_back import bring_back
from tests.factories import connected, crowd, listening

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


def run_whatever_is_due(services, now):
    slot = plan.current_slot(services, now)
    polled = 0
    for found in plan.plan(services):
        polled += batch.archive(services, found.user_ids, slot.start, slot.end).outcomes["archived"]
    return polled


def test_polls_go_on_within_the_hour_and_no_gap_is_invented(services, spotify, frozen):
    people = crowd(services, 3, authorized_at=frozen.now)
    for one in people:
        spotify.pages[f"access-{one.user_id}"] = listening(frozen.now, 30)
    frozen.forward(hours=1)  # which it is not
    assert run_whatever_is_due(services, frozen.now) == 3
    frozen.forward(hours=-1)
    polled = 0
    for _ in range(10):
        frozen.forward(minutes=10)
        polled += run_whatever_is_due(services, frozen.now)
    assert polled >= 3
    assert Gap.select().count() == 0


def test_a_check_at_an_instant_that_was_before_stands_in_the_log_beside_the_other(
    services, spotify, frozen
):
    alice = connected(services, authorized_at=frozen.now - HOUR)
    spotify.pages[f"access-{alice.user_id}"] = listening(frozen.now, 3)
    assert batch.now(services, alice.user_id).outcomes == {"archived": 1}
    spotify.pages[f"access-{alice.user_id}"] = SpotifyError(Failure.UNKNOWN, "odd")
    frozen.forward(minutes=40)
    assert batch.now(services, alice.user_id).outcomes == {"failed:unknown": 1}
    frozen.forward(minutes=-40)
    Connection.update(circuit_open_until=clock.EPOCH).execute()
    assert batch.now(services, alice.user_id).outcomes == {"failed:unknown": 1}
    lines = PollLog.select().order_by(PollLog.at)
    assert [(line.outcome, line.added) for line in lines] == [
        ("ok", 3), ("unknown", 0), ("unknown", 0),
    ]  # fmt: skip
    assert PollLog.of(alice.user_id, frozen.now).outcome == "unknown"


def test_who_connected_while_the_clock_was_ahead_is_polled_at_once(services, spotify, frozen):
    ahead = frozen.now + HOUR
    connected(services, authorized_at=ahead, next_poll_at=ahead)
    assert run_whatever_is_due(services, frozen.now) == 1


def test_a_failures_pause_and_a_workers_lease_keep_their_own_length(services, frozen):
    ahead = frozen.now + HOUR
    alice = connected(
        services,
        last_polled_at=ahead,
        last_failed_at=ahead,
        last_success_at=frozen.now - HOUR,
        consecutive_failures=2,
        circuit_open_until=ahead + 20 * MINUTE,
        next_poll_at=ahead + 20 * MINUTE,
        lease_until=ahead + MINUTE,
    )
    assert bring_back(services) == 2
    row = Connection.get_by_id(alice.user_id)
    assert row.circuit_open_until == row.next_poll_at == frozen.now + 20 * MINUTE
    assert row.lease_until == frozen.now + MINUTE
    assert row.last_polled_at == row.last_failed_at == frozen.now
    assert row.last_success_at == frozen.now - HOUR
    assert bring_back(services) == 0


def test_a_consent_that_ends_after_a_refusal_by_a_clock_that_was_ahead_is_believed(
    services, spotify, frozen
):
    alice = connected(services, authorized_at=frozen.now - HOUR)
    access = f"access-{alice.user_id}"
    refusal = SpotifyError(Failure.AUTH, "invalid_grant")

    def check(answer):
        spotify.pages[access] = answer
        run_whatever_is_due(services, frozen.now)
        return Connection.get_by_id(alice.user_id)

    frozen.forward(days=100)
    assert check(refusal).consecutive_failures == 1
    frozen.forward(days=-100)
    frozen.forward(hours=1)
    bring_back(services)
    (row,) = Refusal.select()
    assert row.first_at == row.at == frozen.now  # asked again, it is the second time
    frozen.forward(hours=1)
    assert check(listening(frozen.now, 1)).consecutive_failures == 0
    frozen.forward(days=20)
    assert mass_failure.refused_once(check(refusal))
    frozen.forward(hours=3)
    twice = check(refusal)
    assert twice.consecutive_failures == 2
    assert not mass_failure.refused_once(twice)
    assert mass_failure.evidence(HOUR).is_own(twice, Failure.AUTH)


def test_a_refusal_that_lies_ahead_is_found_where_no_connection_does(services, frozen):
    alice = connected(services, last_polled_at=frozen.now, next_poll_at=frozen.now + HOUR)
    before, ahead = frozen.now - HOUR, frozen.now + HOUR
    for kind, first in (("auth", ahead), ("withheld", before)):
        Refusal.create(app=alice.app_id, kind=kind, user=alice.user_id, first_at=first, at=ahead)
    assert bring_back(services) == 2
    rows = Refusal.select().order_by(Refusal.kind)
    assert [(row.first_at, row.at) for row in rows] == [
        (frozen.now, frozen.now), (before, frozen.now),
    ]  # fmt: skip
    assert bring_back(services) == 0


def test_a_short_limit_of_spotify_does_not_become_one_of_an_hour(services, frozen):
    app = connected(services).app
    frozen.forward(hours=1)
    record.block(services, app.id, record.Failure.RATE_LIMIT, "30")
    frozen.forward(hours=-1)
    bring_back(services)
    until = frozen.now + timedelta(seconds=30)
    assert SpotifyApp.get_by_id(app.id).blocked_until == until
    assert services.blocked_apps.blocked_until(app.id) == until


def test_nothing_is_brought_back_while_clocks_are_right(services, frozen):
    people = crowd(
        services, 2, last_polled_at=frozen.now, next_poll_at=frozen.now + 4 * HOUR,
        circuit_open_until=frozen.now + 24 * HOUR, lease_until=frozen.now + MINUTE,
    )  # fmt: skip
    app = people[0].app
    record.block(services, app.id, record.Failure.QUOTA, "80000")
    before = list(Connection.select().dicts())
    frozen.forward(seconds=-30)  # clocks differ
    assert bring_back(services) == 0
    assert list(Connection.select().dicts()) == before
    assert read_clock() == clock.now()


def test_real_clocks_bring_nothing_back_either(services):
    crowd(services, 2, last_polled_at=clock.now(), next_poll_at=clock.now() + HOUR)
    assert bring_back(services) == 0
    Connection.update(last_polled_at=clock.now() + HOUR).execute()
    assert bring_back(services) == 2
