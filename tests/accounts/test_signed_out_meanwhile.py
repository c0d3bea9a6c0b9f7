"""Whoever signs out everywhere also ends what is being made for somebody at that moment."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from peewee import OperationalError

from audiospective import clock, models
from audiospective.accounts import api_tokens, sessions, shares, sign_up, spotify_app
from audiospective.accounts.outcomes import Visit
from audiospective.clients.spotify import Profile, Tokens
from audiospective.exports import buckets, forwarding, forwarding_progress, schedule
from audiospective.models import ApiToken, Connection, SharedLink, User, database, transaction
from audiospective.models.database_away import says_away
from audiospective.models.export_schedules import ExportSchedule
from audiospective.models.forwards import Forward, ForwardedPlay
from audiospective.models.poll_log import PollLog
from audiospective.models.sessions import Session
from audiospective.models.users import SignedOutError
from audiospective.policy import api_scopes
from audiospective.policy.sessions import EMAIL
from audiospective.services import Services
from tests.factories import make_user
from tests.support.processes import until
from tests.support.threads import elsewhere

BUCKET = {"endpoint": "https://s3.example.com", "region": "us-east-1", "bucket": "plays",
          "prefix": "", "key_id": "key", "secret": "secret"}  # fmt: skip


def attach(services: Services, user: User) -> None:
    spotify_app.environment_app(services)
    visit = Visit(signed_in=user.id, session_key=user.session_key, attaches=True)
    tokens = Tokens("access", 3600, "refresh", "user-read-recently-played")
    sign_up.join(services, Profile("account-mallory", "mallory", "mallory"), tokens, visit)


MAKING: dict[str, Callable[[Services, User], object]] = {
    "token": lambda _, user: api_tokens.make(user, "Player", [api_scopes.PLAYS], 1825),
    "shared link": lambda _, user: shares.make(user, "profile", shares.DAYS[-1], "UTC"),
    "bucket": lambda services, user: schedule.save(services, user, "json", BUCKET),
    "other server": lambda services, user: forwarding.save(
        services, user, "https://listens.example.com", "token", players=True
    ),
    "Spotify account": attach,
}


@pytest.mark.parametrize("what", MAKING)
def test_nothing_that_is_being_made_outlives_a_sign_out_everywhere(
    services: Services, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """A service that a thief names answers when it pleases."""
    monkeypatch.setattr(buckets, "check", lambda _: None)
    monkeypatch.setattr(forwarding, "checked", lambda *_: "mallory")
    read = make_user("alice", spotify_account_id=None, spotify_id=None)
    sessions.end_all(User.get_by_id(read.id))
    with pytest.raises(SignedOutError):
        MAKING[what](services, read)
    for model in (ApiToken, SharedLink, ExportSchedule, Forward, Connection):
        assert not model.select().exists()
    MAKING[what](services, User.get_by_id(read.id))


def everywhere(user_id: int) -> None:
    with database.connection_context():
        sessions.end_all(User.get_by_id(user_id))


def test_whoever_is_a_moment_earlier_is_ended_with_the_rest(services: Services) -> None:
    alice = make_user("alice")
    with ThreadPoolExecutor(1) as other:
        with transaction():
            api_tokens.make(alice, "Player", [api_scopes.PLAYS], 1825)
            ended = other.submit(everywhere, alice.id)
        ended.result(120)
    assert not ApiToken.select().exists()


def sends_on(user: User) -> Forward:
    row: Forward = Forward.create(
        user=user.id, root="https://listens.example.com", token_encrypted="encrypted",
        since=user.created_at, next_at=user.created_at,
    )  # fmt: skip
    return row


def waits(act: Callable[[], object]) -> bool:
    """Whether `act`, tried in another thread, has to wait for what is held here."""

    def tried() -> bool:
        try:
            with database.atomic():
                database.execute_sql("SET LOCAL lock_timeout = '20ms'")
                act()
        except OperationalError as error:
            return says_away(error)
        return False

    return elsewhere(tried)


def test_a_round_that_sends_plays_on_is_not_kept_waiting_and_a_change_of_the_key_is(
    postgres_database_url: str,
) -> None:
    """Such a round holds the row that is written next here: both would wait for each other."""
    models.bind(postgres_database_url)
    with database.connection_context():
        alice = make_user("alice")
        row = sends_on(alice)
        changed = User.update(session_key="another").where(User.id == alice.id)
        with transaction():
            alice.still_signed_in()
            assert not waits(lambda: forwarding_progress.note(row, [(1, 1)]))
            assert waits(changed.execute)
        assert ForwardedPlay.select().count() == 1


def test_a_round_that_holds_what_is_ended_writes_down_what_it_sent_first(
    postgres_database_url: str,
) -> None:
    models.bind(postgres_database_url)
    awaited = "SELECT count(*) FROM pg_locks WHERE NOT granted"
    with database.connection_context(), ThreadPoolExecutor(1) as other:
        alice = make_user("alice")
        row = sends_on(alice)
        with transaction():
            forwarding_progress.update(row, {Forward.sent: 1})
            ended = other.submit(everywhere, alice.id)
            until(lambda: database.execute_sql(awaited).fetchone() != (0,), "it waits")
            database.execute_sql("SET LOCAL lock_timeout = '20ms'")
            forwarding_progress.note(row, [(1, 1)])
        ended.result(120)
        assert not Forward.select().exists()
        assert not ForwardedPlay.select().exists()
        assert User.get_by_id(alice.id).session_key != alice.session_key


def test_rows_that_are_being_written_for_somebody_keep_no_sign_out_everywhere_waiting(
    postgres_database_url: str,
) -> None:
    """Whoever writes one may come to what is ended here, and each would wait for the other."""
    models.bind(postgres_database_url)
    with database.connection_context(), ThreadPoolExecutor(1) as other:
        alice = make_user("alice")
        with transaction():
            PollLog.note(alice.id, clock.now(), "ok", offered=0, added=0, took_ms=0, tries=1)
            other.submit(everywhere, alice.id).result(120)
        assert User.get_by_id(alice.id).session_key != alice.session_key


def test_a_sign_in_under_way_is_ended_whichever_comes_first(services: Services) -> None:
    alice = make_user("alice")

    with ThreadPoolExecutor(1) as other:
        with transaction():
            sessions.begin(alice, EMAIL, "Test browser")
            ended = other.submit(everywhere, alice.id)
        ended.result(120)
    assert not Session.select().exists()
    with pytest.raises(SignedOutError):
        sessions.begin(alice, EMAIL, "Test browser")  # with the row as it was read before
    assert not Session.select().exists()
