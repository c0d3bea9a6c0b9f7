"""Who writes of coverage and gaps holds them in one order, so that no two wait for each other."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from audiospective import clock
from audiospective.accounts import attachment, sign_up, spotify_app
from audiospective.accounts.outcomes import Joined, Returned, Visit
from audiospective.clients.consent import SCOPE
from audiospective.clients.spotify import Profile, Tokens
from audiospective.imports.restore import coverage as restored
from audiospective.models import Connection, SpotifyApp, User, database, transaction
from audiospective.models.gaps import Gap
from audiospective.models.imports import DONE, Import
from audiospective.polling import closed_gaps, other_account
from audiospective.polling.batch import now as poll_now
from audiospective.services import Services
from tests.factories import connected, listening
from tests.fakes import FakeSpotify
from tests.support.clocks import Frozen

HOUR = timedelta(hours=1)
NEEDS = {"coverage": "connections", "gaps": "coverage", "users": "connections"}
# Others may refer to a row that is locked FOR NO KEY UPDATE: that keeps no check waiting.
_WRITES = re.compile(
    r'^(?:(?:INSERT INTO|UPDATE|DELETE FROM) "(\w+)"|SELECT .* FROM "(\w+)" .* FOR UPDATE$)'
)


@pytest.fixture
def database_url(postgres_database_url: str) -> str:
    """SQLite has one writer."""
    return postgres_database_url


@pytest.fixture
def alice(services: Services, spotify: FakeSpotify, frozen: Frozen) -> Connection:
    """Somebody with coverage, and a gap up to now minus an hour."""
    one = connected(services, "alice", authorized_at=clock.now())
    _check(services, spotify, one, "a")
    frozen.forward(minutes=70)
    _check(services, spotify, one, "b")
    (gap,) = Gap.select()
    now = clock.now()
    Import.create(user=one.user_id, status=DONE, created_at=now, changed_at=now,
                  first_at=gap.started_at, last_at=now)  # fmt: skip
    return one


@pytest.fixture
def held(
    alice: Connection, postgres_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[list[tuple[str, str, bool]]]:
    """With each write of a table, that which has to be held before, and whether it was."""
    found: list[tuple[str, str, bool]] = []
    execute = database.obj.execute_sql

    def watched(text: str, *args: object, **more: object) -> object:
        what = _WRITES.match(text)
        table = what and (what[1] or what[2])
        if table is not None and (before := NEEDS.get(table)) is not None:
            found.append((table, before, not _is_free(before)))
        return execute(text, *args, **more)

    def _is_free(table: str) -> bool:
        question = f"SELECT 1 FROM {table} WHERE user_id = %s FOR UPDATE NOWAIT"
        try:
            beside.execute(question, (alice.user_id,))  # type: ignore[arg-type]
        except psycopg.errors.LockNotAvailable:
            return False
        return True

    with psycopg.connect(postgres_database_url, autocommit=True) as beside:
        monkeypatch.setattr(database.obj, "execute_sql", watched)
        yield found


def _check(services: Services, spotify: FakeSpotify, one: Connection, prefix: str) -> None:
    spotify.pages[f"access-{one.user_id}"] = listening(clock.now(), 50, minutes=1, prefix=prefix)
    Connection.update(access_expires_at=clock.now() + HOUR).execute()
    assert poll_now(services, one.user_id).calls


def _gaps(held: list[tuple[str, str, bool]]) -> set[bool]:
    return {was for written, _, was in held if written == "gaps"}


def test_a_check(
    services: Services, spotify: FakeSpotify, frozen: Frozen, alice: Connection,
    held: list[tuple[str, str, bool]],
) -> None:  # fmt: skip
    frozen.forward(minutes=70)
    _check(services, spotify, alice, "c")
    assert Gap.select().count() == 2
    assert {was for *_, was in held} == {True}
    assert _gaps(held) == {True}


@pytest.mark.parametrize("again", [False, True])
def test_another_account(
    frozen: Frozen, alice: Connection, held: list[tuple[str, str, bool]], again: bool
) -> None:
    for _ in range(1 + again):
        frozen.forward(minutes=70)
        held.clear()
        with transaction():
            other_account.attached(alice.user_id, clock.now())
    assert _gaps(held) == {True}
    assert {was for *_, was in held} == {True}


def _closed(user_id: int) -> None:
    gap = Gap.get()
    with transaction():
        closed_gaps.close_by_import(user_id, gap.started_at, gap.ended_at, import_id=9, added=())


def _opened_again(user_id: int) -> None:
    with transaction():
        closed_gaps.reopen(user_id, 9)


def _restored(user_id: int) -> None:
    at = clock.to_ms(clock.now() - 50 * HOUR)
    gap = {"from": at, "probably_from": at, "to": at + 1000, "cause": "paused", "opened_at": at,
           "certainty": "possible", "closed_at": None, "by_import": False,
           "recovered": 0}  # fmt: skip
    with transaction():
        restored.restore(user_id, {"coverage": [], "gaps": [gap]}, 9, ())


@pytest.mark.parametrize("act", [_closed, _opened_again, _restored])
def test_an_import(
    alice: Connection, held: list[tuple[str, str, bool]], act: Callable[[int], None]
) -> None:
    if act is _opened_again:
        _closed(alice.user_id)
        held.clear()
    act(alice.user_id)
    assert _gaps(held) == {True}


def _comes_back(services: Services, user: User) -> None:
    """Under another id, as Spotify may give one."""
    _joins(services, Visit(app_id=1), account_id=user.spotify_account_id, spotify_id="renamed")


def _attaches(services: Services, user: User, account: str = "another") -> None:
    visit = Visit(app_id=1, signed_in=user.id, attaches=True)
    _joins(services, visit, account_id=account, spotify_id=account)


def _attaches_what_was_taken_away(services: Services, user: User) -> None:
    _attaches(services, user, FORMER)


def _joins(services: Services, visit: Visit, **profile: Any) -> None:
    tokens = Tokens("access", 3600, "refresh", SCOPE)
    outcome = sign_up.join(services, Profile(display_name="alice", **profile), tokens, visit)
    assert isinstance(outcome, Joined | Returned)


def _takes_another_app(services: Services, user: User) -> None:
    assert spotify_app.keep_own(services, user, "b" * 32, "c" * 32) is None


def _removes_their_app(services: Services, user: User) -> None:
    assert spotify_app.remove_own(user)


FORMER = "former"
ATTACHES = [_attaches, _attaches_what_was_taken_away]
OWN_APP = [_takes_another_app, _removes_their_app]


@pytest.mark.parametrize("act", [_comes_back, *ATTACHES, *OWN_APP])
def test_a_sign_in_and_an_own_app(
    services: Services, alice: Connection, held: list[tuple[str, str, bool]],
    act: Callable[[Services, User], None], monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(spotify_app, "_tested", lambda *_: None)
    user = User.get_by_id(alice.user_id)
    if act in OWN_APP:
        app = SpotifyApp.create(owner=user, client_id="a" * 32, secret_encrypted="",
                                created_at=clock.now())  # fmt: skip
        Connection.update(app=app.id).execute()
    if act in ATTACHES:
        Connection.update(detached_account=attachment._mark(FORMER)).execute()
        User.update(spotify_account_id=None, spotify_id=None).execute()
    held.clear()
    act(services, user)
    expected = {"coverage"} if act in OWN_APP else {"users"}
    assert expected <= {table for table, *_ in held}
    assert {table for table, _, was in held if not was} == set()
