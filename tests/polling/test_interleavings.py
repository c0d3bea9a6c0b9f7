"""Two hands at one archive at the same moment, on PostgreSQL: the later state holds."""

from __future__ import annotations

import random
import threading
from datetime import timedelta

import pytest

from audiospective import clock
from audiospective.accounts import connection, deletion, erasure, sign_up
from audiospective.accounts.outcomes import Visit
from audiospective.clients.deadline import Deadline
from audiospective.clients.spotify import Profile, Tokens
from audiospective.history import append
from audiospective.history.catalog import imported
from audiospective.history.catalog.imported import Named
from audiospective.models import Connection, Play, User, claims
from audiospective.models.base import LONG_AGO
from audiospective.policy.plays import AlbumFacts, ArtistFacts, PolledPlay, TrackFacts
from audiospective.polling import batch, plan
from tests.factories import connected, crowd, listening, page
from tests.polling.test_batch import offer, reload, run
from tests.support.threads import elsewhere

FRESH = Tokens("access-fresh", 3600, "refresh-fresh", scope="user-read-recently-played")


@pytest.fixture
def database_url(postgres_database_url):
    """SQLite has one writer; these are stories of two."""
    return postgres_database_url


ACTIONS = {
    "connects again": lambda services, user: sign_up.join(
        services,
        Profile("account-alice", "alice", "Alice"),
        FRESH,
        Visit(renews=True, signed_in=user),
    ),
    "disconnects": lambda services, user: connection.disconnect(user),
    "pauses": lambda services, user: connection.pause(user),
    "pauses and resumes": lambda services, user: (
        connection.pause(user),
        connection.resume(services, user),
    ),
    "is deleted": lambda services, user: User.get_by_id(user).delete_instance(recursive=False),
    "leaves": lambda services, user: (
        deletion.at_once(services, User.get_by_id(user)),
        erasure.carry_out(services, Deadline(60)),
    ),
}
KEPT = {"connects again": "refresh-fresh", "disconnects": ""}  # else what the poll left


@pytest.mark.parametrize("rotate", [False, True], ids=["", "and the token rotates"])
@pytest.mark.parametrize("action", ACTIONS)
def test_somebody_acts_while_they_are_polled_and_the_poll_steps_back(
    services, spotify, action, rotate
):
    early = {"access_expires_at": clock.EPOCH} if rotate else {}
    alice, bob = connected(services, "alice", **early), connected(services, "bob")
    offer(spotify, [bob])
    user = alice.user_id

    def answer():
        elsewhere(lambda: (ACTIONS[action](services, user), True))
        return Tokens("access-new", 3600, "refresh-new") if rotate else listening(clock.now(), 5)

    if rotate:
        spotify.refreshes[f"refresh-{user}"] = answer
    else:
        spotify.pages[f"access-{user}"] = answer
    assert run(services, [alice, bob]).outcomes == {"stale": 1, "archived": 1}
    row = Connection.get_or_none(Connection.user == user)
    if action in ("is deleted", "leaves"):
        assert row is None
        return
    opened = row.refresh_encrypted and services.vault.decrypt(
        "connections.refresh", user, row.refresh_encrypted
    )
    assert opened == KEPT.get(action, "refresh-new" if rotate else f"refresh-{user}")
    assert row.lease_until == LONG_AGO
    if row.status == "active":
        for token in ("access-fresh", f"access-{user}", "access-new"):
            spotify.pages[token] = listening(clock.now(), 7)
        assert batch.now(services, user).outcomes == {"archived": 1}


@pytest.mark.parametrize(
    ("action", "status"), [("connects again", "active"), ("disconnects", "disconnected")]
)
def test_somebody_acts_while_their_plays_are_being_written_and_has_the_last_word(
    services, spotify, monkeypatch, action, status
):
    alice = connected(services, "alice")
    offer(spotify, [alice])
    store, threads = append.page, []

    def act():
        with services.database.connection_context():
            ACTIONS[action](services, alice.user_id)

    def while_writing(*page):
        threads.append(threading.Thread(target=act))
        threads[0].start()
        return store(*page)

    monkeypatch.setattr(append, "page", while_writing)
    assert run(services, [alice]).outcomes == {"archived": 1}
    threads[0].join(120)
    assert Play.select().count() == 5
    row = reload(alice)
    assert row.status == status
    if status == "active":
        opened = services.vault.decrypt("connections.refresh", alice.user_id, row.refresh_encrypted)
        assert opened == "refresh-fresh"
    else:
        assert row.refresh_encrypted == ""


def test_six_workers_that_claim_the_same_people_share_them_without_overlap(services):
    ids = [one.user_id for one in crowd(services, 60)]
    got, lock = [], threading.Lock()

    def work(seed):
        some = random.Random(seed)
        with services.database.connection_context():
            for _ in range(6):
                taken = claims.claim(some.sample(ids, 20), clock.now() + timedelta(hours=1))
                with lock:
                    got.extend(one.user_id for one in taken)

    together([lambda seed=seed: work(seed) for seed in range(6)])
    assert len(got) == len(set(got))
    assert set(Connection.select().where(Connection.fence > 1)) == set()


def test_three_workers_that_learn_the_same_music_do_not_wait_in_a_circle(services, spotify):
    """Names that change, and rows that an import knew without ids: every writer of the catalog."""
    imported.remember(
        Named(f"tr{number:05d}", "track", "imported", f"n{number % 3}", f"a{number % 3}")
        for number in range(0, 120, 3)
    )
    people, some, lock = crowd(services, 30), random.Random(5), threading.Lock()

    def answer():
        with lock:
            now = clock.to_ms(clock.now())
            plays = [PolledPlay(now - back * 60_000, music(some)) for back in range(50)]
            return page(*plays)

    for one in people:
        spotify.pages[f"access-{one.user_id}"] = answer
    reports = []

    def work(part):
        ids = [one.user_id for one in part]
        with services.database.connection_context():
            for _ in range(3):
                Connection.update(next_poll_at=LONG_AGO).where(Connection.user.in_(ids)).execute()
                slot = plan.current_slot(services, clock.now())
                services.redis.flushall()
                reports.append(batch.archive(services, ids, slot.start, slot.end))

    together([lambda part=people[start::3]: work(part) for start in range(3)])
    assert {name for report in reports for name in report.outcomes} == {"archived"}
    assert sum(report.new_plays for report in reports) == Play.select().count()


def music(some):
    artists = {f"ar{some.randrange(30):04d}": f"n{some.randrange(3)}" for _ in range(2)}
    return TrackFacts(
        spotify_id=f"tr{some.randrange(120):05d}",
        name=f"name{some.randrange(4)}",
        artists=tuple(ArtistFacts(key, name) for key, name in artists.items()),
        album=AlbumFacts(f"al{some.randrange(20):04d}", f"a{some.randrange(3)}"),
    )


def together(works):
    """Run all at once; a failure of one fails the test."""
    troubles = []

    def guarded(work):
        try:
            work()
        except BaseException as error:
            troubles.append(error)

    threads = [threading.Thread(target=guarded, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert troubles == []


def test_members_who_leave_while_everybody_is_polled_hold_up_nobody(services, spotify, caplog):
    people = [connected(services, f"listener{number}") for number in range(20)]
    offer(spotify, people)
    leaving = [one.user_id for one in people[::2]]

    def leave():
        with services.database.connection_context():
            for user_id in leaving:
                deletion.at_once(services, User.get_by_id(user_id))

    thread = threading.Thread(target=leave)
    thread.start()
    report = run(services, people)
    thread.join(120)
    assert report.outcomes["archived"] >= 10
    assert set(report.outcomes) <= {"archived", "stale"}
    assert [one for one in caplog.records if one.levelname == "ERROR"] == []
    assert erasure.carry_out(services, Deadline(60)) == 10
    assert {play.user_id for play in Play.select()} == {one.user_id for one in people[1::2]}
