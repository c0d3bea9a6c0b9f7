"""A batch polls everybody it can, and nobody's trouble reaches another."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography.fernet import Fernet
from peewee import DatabaseError, OperationalError

from audiospective import clock
from audiospective.accounts import spotify_app
from audiospective.clients.deadline import Deadline
from audiospective.clients.spotify import THREADS, SpotifyError, Tokens
from audiospective.history import append
from audiospective.history.catalog import lookup, polled
from audiospective.models import Connection, Play, SpotifyApp, claims
from audiospective.models.base import LONG_AGO
from audiospective.policy import failures
from audiospective.policy.failures import Failure
from audiospective.polling import batch, plan, poll, record
from audiospective.polling.batch import archive
from audiospective.vault import Vault
from tests.factories import connected, crowd, listening, make_connection, make_user, page, play


def run(services, people, **more):
    now = clock.now()
    slot = plan.current_slot(services, now)
    ids = [one.user_id for one in people]
    return archive(services, ids, slot.start, slot.end, **more)


def reload(connection):
    return Connection.get_by_id(connection.user_id)


def offer(spotify, people, count=5):
    for one in people:
        found = listening(clock.now(), count, prefix=f"Song of {one.user_id}:")
        spotify.pages[f"access-{one.user_id}"] = found


def test_a_poll_stores_plays_and_moves_the_connection_on(services, spotify, frozen):
    alice = connected(services)
    offer(spotify, [alice], 50)
    report = run(services, [alice])
    after = reload(alice)
    assert (report.outcomes, report.new_plays, report.calls) == ({"archived": 1}, 50, 1)
    assert Play.select().count() == after.plays_archived == 50
    assert after.newest_play_at == clock.from_ms(clock.to_ms(frozen.now))
    assert after.last_success_at == frozen.now
    assert after.next_poll_at > frozen.now
    assert (after.lease_until, after.unfinished_claims) == (LONG_AGO, 0)


def test_a_second_poll_of_the_same_window_adds_nothing(services, spotify, frozen):
    alice = connected(services)
    offer(spotify, [alice], 50)
    run(services, [alice])
    frozen.forward(minutes=90)
    report = run(services, [alice])
    assert (report.outcomes["archived"], report.new_plays, Play.select().count()) == (1, 0, 50)


def test_a_play_that_arrives_nine_hours_late_is_stored(services, spotify, frozen):
    alice = connected(services)
    offer(spotify, [alice], 3)
    run(services, [alice])
    late = play(frozen.now - timedelta(hours=9), "On the plane")
    spotify.pages[f"access-{alice.user_id}"] = page(play(frozen.now, "Now"), late)
    frozen.forward(hours=2)
    run(services, [alice])
    assert late.played_at in {row.played_at for row in Play.select()}


def test_two_tracks_with_one_time_and_repeats_all_count(services, spotify, frozen):
    alice = connected(services)
    at = frozen.now
    spotify.pages[f"access-{alice.user_id}"] = page(
        play(at, "One"),
        play(at, "Other"),  # both ended in the same millisecond
        play(at - timedelta(seconds=40), "One"),
        play(at - timedelta(seconds=80), "One"),
    )
    assert run(services, [alice]).new_plays == 4


def explode():
    raise ZeroDivisionError("poison")


def time_is_up(end: Deadline) -> None:
    """What is under way has its grace, nothing more is begun; no machine is too slow for it."""
    end._ending.at = clock.monotonic()


def hang(release: threading.Event):
    def answer():
        release.wait()
        return page()

    return answer


TROUBLES = {
    "a crash in the client": (ZeroDivisionError("poison"), Failure.UNKNOWN),
    "a crash in the thread": (explode, Failure.UNKNOWN),
    "something that is no page": (lambda: "nonsense", Failure.UNKNOWN),
    "an answer 500": (SpotifyError(Failure.NETWORK, "500", status=500), Failure.NETWORK),
    "a revoked token": (SpotifyError(Failure.AUTH, "grant", status=400), Failure.AUTH),
    "a seat taken away": (SpotifyError(Failure.NOT_ALLOWED, "403"), Failure.NOT_ALLOWED),
}


@pytest.mark.parametrize("name", TROUBLES)
def test_person_13_of_50_fails_alone(services, spotify, frozen, name):
    trouble, failure = TROUBLES[name]
    people = crowd(services, 50)
    offer(spotify, people)
    unlucky = people[12]
    spotify.pages[f"access-{unlucky.user_id}"] = trouble
    report = run(services, people)
    assert report.outcomes == {"archived": 49, f"failed:{failure}": 1}
    assert Play.select().count() == 49 * 5
    after = reload(unlucky)
    assert (after.consecutive_failures, after.last_failure_type) == (1, failure)
    assert after.circuit_open_until == after.next_poll_at > frozen.now

    spotify.calls.clear()
    again = run(services, people)
    assert (again.hits, again.calls, spotify.calls) == (50, 0, {})


def test_an_app_whose_secret_no_key_opens_is_not_said_to_be_refused(services, spotify):
    person = connected(services)
    mistaken = replace(services, vault=Vault([Fernet.generate_key().decode()]))
    assert run(mistaken, [person]).outcomes == {f"failed:{Failure.LOCKED}": 1}
    app = SpotifyApp.get_by_id(person.app_id)
    assert (app.blocked_until, app.block_reason) == (LONG_AGO, None)


def test_tokens_that_no_key_opens_are_no_unknown_failure_and_soon_tried_again(
    services, spotify, frozen
):
    person = connected(services)
    offer(spotify, [person])
    mistaken = replace(services, vault=Vault([Fernet.generate_key().decode()]))
    spotify_app.environment_app(mistaken)  # as each plan does: its secret is known anew
    for nth in range(1, 6):
        assert run(mistaken, [person]).outcomes == {f"failed:{Failure.LOCKED}": 1}
        assert reload(person).consecutive_failures == nth
        wait = reload(person).circuit_open_until - frozen.now
        assert wait <= timedelta(minutes=20)
        frozen.forward(minutes=20)
    spotify_app.environment_app(services)
    assert run(services, [person]).outcomes == {"archived": 1}


def test_a_connection_that_hangs_costs_only_its_own_poll(services, spotify, monkeypatch):
    people = crowd(services, 50)
    offer(spotify, people)
    release, end, archived = threading.Event(), Deadline(60), []
    whole = record.success

    def counted(*args):
        archived.append(args)
        if len(archived) == 49:
            time_is_up(end)
        return whole(*args)

    monkeypatch.setattr(record, "success", counted)
    spotify.pages[f"access-{people[12].user_id}"] = hang(release)
    try:
        report = run(services, people, deadline=end)
    finally:
        release.set()
    assert report.outcomes == {"archived": 49, "failed:network": 1}
    assert reload(people[12]).last_failure_type == "network"


def test_people_whose_turn_never_came_are_given_back_uncharged(services, spotify):
    people = crowd(services, 50)
    release, end = threading.Event(), Deadline(60)
    under_way = threading.Barrier(THREADS, lambda: time_is_up(end))

    def answer():
        under_way.wait(60)
        return hang(release)()

    for one in people:
        spotify.pages[f"access-{one.user_id}"] = answer
    try:
        report = run(services, people, deadline=end)
    finally:
        release.set()
    assert report.outcomes == {"failed:network": 16, "released": 34}
    waiting = [reload(one) for one in people if one.user_id in report.unpolled]
    assert len(waiting) == 34
    assert all(row.consecutive_failures == row.unfinished_claims == 0 for row in waiting)
    assert all(row.lease_until == LONG_AGO for row in waiting)


def explode_for(monkeypatch, module, name, unlucky_id, error):
    """Make `module.name` raise whenever the unlucky person's data is in its hands."""
    whole = getattr(module, name)

    def instead(*args, **kwargs):
        attempt = args[1]
        if attempt.claim.user_id == unlucky_id:
            raise error
        return whole(*args, **kwargs)

    monkeypatch.setattr(module, name, instead)


@pytest.mark.parametrize("error", [DatabaseError("bad row"), MemoryError(), KeyError("x")])
def test_a_row_that_cannot_be_written_leaves_the_others_written(
    services, spotify, frozen, monkeypatch, error
):
    people = crowd(services, 50)
    offer(spotify, people)
    explode_for(monkeypatch, record, "success", people[12].user_id, error)
    report = run(services, people)
    assert report.outcomes == {"archived": 49, "failed:unknown": 1}
    assert Play.select().count() == 49 * 5


def test_a_row_that_the_database_refuses_leaves_the_others_written(services, spotify, frozen):
    people = crowd(services, 20)
    offer(spotify, people)
    mad = play(clock.now(), "Mad")
    mad = type(mad)(played_at=10**30, track=mad.track)  # no database has such a number
    spotify.pages[f"access-{people[12].user_id}"] = page(mad)
    report = run(services, people)
    assert report.outcomes["archived"] == 19
    assert sum(report.outcomes.values()) == 20
    assert Play.select().count() == 19 * 5


def test_a_catalog_that_cannot_be_written_loses_nothing(services, spotify, frozen, monkeypatch):
    people = crowd(services, 3)
    offer(spotify, people)

    def full(*_):
        raise OperationalError("disk full")

    with monkeypatch.context() as patch:
        patch.setattr(polled, "remember", full)
        patch.setattr(record, "failure", full)
        report = run(services, people)
    assert report.outcomes == {"lost": 3}
    assert Play.select().count() == 0
    assert all(reload(one).newest_play_at is None for one in people)
    assert all(reload(one).last_success_at is None for one in people)

    frozen.forward(seconds=61)  # the leases run out, the disk has room again
    assert run(services, people).outcomes == {"archived": 3}
    assert Play.select().count() == 15


def test_nobody_is_polled_who_is_not_due_or_not_pollable(services, spotify, frozen):
    hour = timedelta(hours=1)
    people = [
        connected(services, "later", next_poll_at=frozen.now + hour),
        connected(services, "paused", status="paused"),
        connected(services, "gone", status="disconnected"),
        connected(services, "reauth", status="needs_reauth"),
        connected(services, "cooling", circuit_open_until=frozen.now + hour),
        connected(services, "held", lease_until=frozen.now + hour),
    ]
    assert run(services, people).outcomes == {}
    assert spotify.calls == {}


def test_a_claimed_person_cannot_be_claimed_again_before_the_lease_ends(services, frozen):
    alice = connected(services)
    until = frozen.now + timedelta(minutes=10)
    assert len(claims.claim([alice.user_id], until)) == 1
    frozen.forward(seconds=59)
    assert claims.claim([alice.user_id], until) == []
    frozen.forward(seconds=2)
    (second,) = claims.claim([alice.user_id], until)
    assert (second.connection.fence, second.unfinished_before) == (2, 1)


def test_a_worker_that_wakes_after_its_lease_writes_nothing(services, spotify, frozen):
    alice = connected(services)
    offer(spotify, [alice])
    before = reload(alice)

    def oversleep():
        frozen.forward(seconds=61)
        return listening(frozen.now, 5)

    spotify.pages[f"access-{alice.user_id}"] = oversleep
    report = run(services, [alice])
    assert report.outcomes == {"stale": 1}
    assert Play.select().count() == 0
    after = reload(alice)
    assert after.last_success_at == before.last_success_at
    assert after.next_poll_at == before.next_poll_at


def test_a_worker_that_wakes_after_another_took_over_writes_nothing(services, spotify, frozen):
    alice = connected(services)

    def other_worker_finishes():
        frozen.forward(seconds=61)
        spotify.pages[f"access-{alice.user_id}"] = listening(frozen.now, 2, prefix="Other")
        assert run(services, [alice]).outcomes == {"archived": 1}
        return listening(frozen.now, 5, prefix="Mine")

    (claim,) = claims.claim([alice.user_id], frozen.now + timedelta(minutes=10))
    attempt = batch.Attempt(claim, batch.NO_CREDENTIALS, page=other_worker_finishes())
    ids = polled.remember(each.track for each in attempt.page.plays)
    assert record.success(services, attempt, append.Tracks(ids)) is None
    kept = lookup.tracks({row.track for row in Play.select()})
    assert {one.title for one in kept.values()} == {"Other 1", "Other 2"}


def test_a_token_about_to_end_is_refreshed_first_and_the_old_refresh_token_stays(
    services, spotify, frozen
):
    alice = connected(services, access_expires_at=frozen.now + timedelta(minutes=4))
    spotify.refreshes[f"refresh-{alice.user_id}"] = Tokens("access-new", 3600)
    spotify.pages["access-new"] = listening(frozen.now, 2)
    report = run(services, [alice])
    after = reload(alice)
    assert (report.calls, report.new_plays) == (2, 2)
    assert after.access_expires_at == frozen.now + timedelta(hours=1)
    assert after.refresh_encrypted == alice.refresh_encrypted


def test_a_token_with_six_minutes_left_is_not_refreshed(services, spotify, frozen):
    alice = connected(services, access_expires_at=frozen.now + timedelta(minutes=6))
    run(services, [alice])
    assert spotify.calls == {"recently_played": 1}


def test_a_rotated_refresh_token_is_on_disk_before_the_page_is_asked_for(services, spotify, frozen):
    alice = connected(services, access_expires_at=frozen.now)
    seen = []

    def look():
        encrypted = reload(alice).refresh_encrypted
        seen.append(services.vault.decrypt("connections.refresh", alice.user_id, encrypted))
        return listening(frozen.now, 1)

    spotify.refreshes[f"refresh-{alice.user_id}"] = Tokens("access-new", 3600, "refresh-new")
    spotify.pages["access-new"] = lambda: listening(frozen.now, 1)
    spotify.pages["access-new"] = _in_own_connection(services, look)
    run(services, [alice])
    assert seen == ["refresh-new"]


def _in_own_connection(services, look):
    def answer():
        with services.database.connection_context():
            return look()

    return answer


def test_a_rotation_that_comes_late_is_saved_while_nobody_else_used_the_token(
    services, spotify, frozen
):
    alice = connected(services, access_expires_at=frozen.now)

    def oversleep():
        frozen.forward(seconds=61)
        return Tokens("access-new", 3600, "refresh-new")

    spotify.refreshes[f"refresh-{alice.user_id}"] = oversleep
    assert run(services, [alice]).outcomes == {"stale": 1}
    encrypted = reload(alice).refresh_encrypted
    assert services.vault.decrypt("connections.refresh", alice.user_id, encrypted) == "refresh-new"


def test_a_rotation_never_overwrites_the_tokens_of_a_reconnect(services, spotify, frozen):
    alice = connected(services, access_expires_at=frozen.now)
    fresh = services.vault.encrypt("connections.refresh", alice.user_id, "reconnected")

    def reconnect():
        with services.database.connection_context():
            Connection.update(refresh_encrypted=fresh, fence=Connection.fence + 1).execute()
        return Tokens("access-new", 3600, "refresh-new")

    spotify.refreshes[f"refresh-{alice.user_id}"] = reconnect
    assert run(services, [alice]).outcomes == {"stale": 1}
    assert reload(alice).refresh_encrypted == fresh


def test_a_401_is_answered_by_one_refresh_and_one_more_try(services, spotify, frozen):
    alice = connected(services)
    spotify.pages[f"access-{alice.user_id}"] = SpotifyError(Failure.AUTH, "401", status=401)
    spotify.refreshes[f"refresh-{alice.user_id}"] = Tokens("access-new", 3600)
    spotify.pages["access-new"] = listening(frozen.now, 2)
    report = run(services, [alice])
    assert (report.outcomes, report.calls) == ({"archived": 1}, 3)


def test_a_401_after_a_refresh_is_the_persons_failure(services, spotify):
    alice = connected(services)
    refused = SpotifyError(Failure.AUTH, "401", status=401)
    spotify.pages |= {f"access-{alice.user_id}": refused, "access-new": refused}
    spotify.refreshes[f"refresh-{alice.user_id}"] = Tokens("access-new", 3600)
    assert run(services, [alice]).outcomes == {"failed:auth": 1}
    assert spotify.calls == {"recently_played": 2, "refresh": 1}


def test_a_grant_without_the_scope_is_the_persons_failure(services, spotify, frozen):
    alice = connected(services, access_expires_at=frozen.now)
    spotify.refreshes[f"refresh-{alice.user_id}"] = Tokens("a", 3600, scope="user-read-email")
    assert run(services, [alice]).outcomes == {"failed:auth": 1}
    assert spotify.calls == {"refresh": 1}


def test_a_429_stops_the_app_and_charges_nobody(services, spotify, frozen):
    people = crowd(services, 50)
    limited = SpotifyError(Failure.RATE_LIMIT, "429", status=429, retry_after="85771")
    for one in people:
        spotify.pages[f"access-{one.user_id}"] = limited
    report = run(services, people)
    assert set(report.outcomes) == {"failed:rate_limit", "blocked"}
    assert spotify.calls["recently_played"] <= 16  # those under way when the limit was met
    rows = [reload(one) for one in people]
    assert all(row.consecutive_failures == 0 and row.lease_until == LONG_AGO for row in rows)
    app = SpotifyApp.get_by_id(1)
    assert app.blocked_until == frozen.now + timedelta(seconds=85771)

    spotify.calls.clear()
    services.redis.flushall()  # the row in the database is what lasts
    frozen.forward(hours=23)
    assert run(services, people).outcomes == {}
    assert spotify.calls == {}
    frozen.forward(hours=1)
    spotify.pages.clear()
    assert run(services, people).outcomes == {"archived": 50}


def test_a_limit_of_one_app_leaves_the_others_alone(services, spotify, frozen):
    alice = connected(services)
    own = SpotifyApp.create(
        client_id="bobs",
        secret_encrypted="",
        created_at=frozen.now,
    )
    own.secret_encrypted = services.vault.encrypt("spotify_apps.secret", own.id, "s")
    own.save()
    bob = make_connection(services, make_user("bob"), app=own)
    refused = SpotifyError(Failure.QUOTA, "429", status=429, retry_after="50000")
    spotify.pages[f"access-{alice.user_id}"] = refused
    offer(spotify, [bob])
    assert run(services, [alice, bob]).outcomes == {"failed:quota": 1, "archived": 1}
    assert SpotifyApp.get_by_id(own.id).blocked_until == LONG_AGO


def test_a_refused_app_marks_no_person(services, spotify, frozen):
    alice = connected(services, access_expires_at=frozen.now)
    refused = SpotifyError(Failure.APP, "invalid_client", status=400)
    spotify.refreshes[f"refresh-{alice.user_id}"] = refused
    run(services, [alice])
    after = reload(alice)
    assert (after.status, after.consecutive_failures, after.last_failure_type) == (
        "active",
        0,
        None,
    )
    assert SpotifyApp.get_by_id(1).block_reason == "app"


def test_success_closes_the_circuit(services, spotify, frozen):
    alice = connected(
        services, consecutive_failures=7, last_failure_type="unknown", status="not_allowed"
    )
    run(services, [alice])
    after = reload(alice)
    assert (after.consecutive_failures, after.last_failure_type, after.status) == (
        0,
        None,
        "active",
    )


def test_tokens_swapped_between_people_open_nothing(services, spotify):
    alice, bob = connected(services, "alice"), connected(services, "bob")
    Connection.update(
        access_encrypted=bob.access_encrypted, refresh_encrypted=bob.refresh_encrypted
    ).where(Connection.user == alice.user_id).execute()
    assert run(services, [alice]).outcomes == {"failed:unknown": 1}
    assert spotify.calls == {}


def test_people_with_whom_workers_died_twice_are_left_out_of_larger_batches(services, spotify):
    alice, bob = connected(services, "alice"), connected(services, "bob")
    Connection.update(unfinished_claims=failures.ALONE_AFTER).where(
        Connection.user == alice.user_id
    ).execute()
    assert run(services, [alice, bob]).outcomes == {"archived": 1}
    assert reload(alice).last_polled_at is None
    assert run(services, [alice]).outcomes == {"archived": 1}
    assert reload(alice).unfinished_claims == 0


def test_somebody_who_kills_workers_alone_is_paused_without_a_call(services, spotify, frozen):
    alice = connected(services, unfinished_claims=failures.QUARANTINE_AFTER)
    assert run(services, [alice]).outcomes == {"failed:unknown": 1}
    assert spotify.calls == {}
    after = reload(alice)
    assert after.unfinished_claims == failures.ALONE_AFTER  # half-open: tried alone again
    assert after.next_poll_at == frozen.now + timedelta(minutes=20)
    frozen.forward(minutes=21)
    assert run(services, [alice]).outcomes == {"archived": 1}


def test_without_redis_the_database_alone_keeps_a_slot_to_one_poll(
    services, spotify, frozen, monkeypatch
):
    people = crowd(services, 3)
    offer(spotify, people)
    services.redis.connection_pool.connection_kwargs["port"] = 1
    services.redis.connection_pool.disconnect()
    services.redis.connection_pool.reset()
    assert run(services, people).outcomes == {"archived": 3}
    assert run(services, people).outcomes == {}
    assert spotify.calls["recently_played"] == 3


def test_a_flush_between_two_runs_of_a_batch_repeats_no_call(services, spotify, frozen):
    people = crowd(services, 5)
    offer(spotify, people)
    run(services, people)
    services.redis.flushall()
    assert run(services, people).outcomes == {}
    assert spotify.calls["recently_played"] == 5


def test_one_person_can_be_polled_at_once_whatever_the_cadence(services, spotify, frozen):
    alice = connected(services, next_poll_at=frozen.now + timedelta(hours=1))
    offer(spotify, [alice])
    assert batch.now(services, alice.user_id).outcomes == {"archived": 1}
    Connection.update(circuit_open_until=frozen.now + timedelta(hours=1)).execute()
    assert batch.now(services, alice.user_id).outcomes == {}


def test_wishes_for_a_poll_that_come_together_are_one(services, spotify, frozen):
    alice = connected(services, next_poll_at=frozen.now + timedelta(hours=1))
    offer(spotify, [alice])
    poll.request(services, alice.user_id)
    for outcomes in ({"archived": 1}, {}, {}):
        assert poll.wished(services, alice.user_id, Deadline(20)).outcomes == outcomes
    assert spotify.calls["recently_played"] == 1


def token_of(services, connection):
    encrypted = reload(connection).refresh_encrypted
    return services.vault.decrypt("connections.refresh", connection.user_id, encrypted)


def test_answers_that_come_while_the_last_group_is_written_are_not_thrown_away(
    services, spotify, monkeypatch
):
    alice = connected(services, "alice")
    bob = connected(services, "bob", access_expires_at=LONG_AGO)
    offer(spotify, [alice])
    end, landed = Deadline(20), threading.Event()
    whole = record.success

    def rotate():
        landed.wait()
        return Tokens("access-new", 3600, "refresh-new")

    def slowly(*args):
        time_is_up(end)  # while this is written
        landed.set()
        return whole(*args)

    spotify.refreshes[f"refresh-{bob.user_id}"] = rotate
    monkeypatch.setattr(record, "success", slowly)
    report = run(services, [alice, bob], deadline=end)
    assert report.outcomes == {"archived": 1, "released": 1}
    assert report.unpolled == [bob.user_id]
    assert token_of(services, bob) == "refresh-new"
    assert reload(bob).consecutive_failures == 0


def test_a_new_token_that_cannot_be_written_leaves_the_others_written(
    services, spotify, frozen, monkeypatch
):
    people = crowd(services, 20)
    offer(spotify, people)
    unlucky = people[12]
    Connection.update(access_expires_at=LONG_AGO).where(
        Connection.user == unlucky.user_id
    ).execute()
    spotify.refreshes[f"refresh-{unlucky.user_id}"] = Tokens("access-new", 3600, "refresh-new")
    explode_for(monkeypatch, record, "rotation", unlucky.user_id, DatabaseError("bad row"))
    assert run(services, people).outcomes == {"archived": 19, "failed:unknown": 1}


def test_a_rotated_token_without_the_scope_is_kept_all_the_same(services, spotify, frozen):
    alice = connected(services, access_expires_at=frozen.now)
    lesser = Tokens("a", 3600, "refresh-new", scope="user-read-email")
    spotify.refreshes[f"refresh-{alice.user_id}"] = lesser
    assert run(services, [alice]).outcomes == {"failed:auth": 1}
    assert token_of(services, alice) == "refresh-new"
    assert spotify.calls == {"refresh": 1}


def test_who_loses_a_deadlock_twice_is_written_at_the_third_try(
    services, spotify, frozen, monkeypatch
):
    alice = connected(services)
    offer(spotify, [alice])
    whole, tries = polled.remember, []

    def deadlocked(tracks):
        tries.append(1)
        if len(tries) < 3:
            raise OperationalError("deadlock detected")
        return whole(tracks)

    monkeypatch.setattr(polled, "remember", deadlocked)
    assert run(services, [alice]).outcomes == {"archived": 1}
    assert reload(alice).consecutive_failures == 0
