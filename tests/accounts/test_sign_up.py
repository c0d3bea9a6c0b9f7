"""Joining, returning, and the numbers of founding members; on SQLite and on PostgreSQL."""

from __future__ import annotations

import hashlib
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from audiospective import clock
from audiospective.accounts import attachment, members, seats, sign_up, spotify_app, welcome
from audiospective.accounts.outcomes import (
    Joined,
    NotAttached,
    Outcome,
    Returned,
    Visit,
    Waitlisted,
    WrongAccount,
)
from audiospective.clients.spotify import Profile, Tokens
from audiospective.models import Connection, SpotifyApp, User, database
from audiospective.models.connections import ACTIVE, DISCONNECTED, NOT_ALLOWED
from audiospective.models.waitlist import WaitlistEntry
from audiospective.notices import signed_links
from audiospective.policy import check_wait, renewal
from audiospective.policy.founding import Opening, WaitlistReason
from audiospective.services import Services
from tests.factories import make_user
from tests.support.clocks import Frozen

SCOPE = "user-read-recently-played"
TOKENS = Tokens("access", 3600, "refresh", SCOPE)


@pytest.fixture(autouse=True)
def app(services: Services) -> SpotifyApp:
    """The environment's app, as /connect leaves it behind."""
    return spotify_app.environment_app(services)


def profile(name: str, **facts: Any) -> Profile:
    return Profile(**{"account_id": f"account-{name}", "spotify_id": name, **facts})


def join(services: Services, name: str, tokens: Tokens = TOKENS, **visit: Any) -> Outcome:
    return sign_up.join(services, profile(name, display_name=name), tokens, Visit(**visit))


def with_settings(services: Services, **changes: Any) -> Services:
    return replace(services, settings=replace(services.settings, **changes))


def take_away(services: Services, user: User, account: str) -> None:
    """What the link in the e-mail about an attached account does."""
    mark = hashlib.sha256(f"account-{account}".encode()).hexdigest()[:16]
    token = signed_links.sign(services.settings, signed_links.DETACH, user.id, mark)
    assert attachment.undo(services, token)


def on_the_list(email: str, **facts: Any) -> WaitlistEntry:
    now = clock.now()
    return WaitlistEntry.create(
        **{"email": email, "salt": email, "token_hash": email, "created_at": now,
           "confirmed_at": now, **facts}
    )  # fmt: skip


def test_numbers_are_given_in_the_order_of_joining(services: Services) -> None:
    found = [join(services, name) for name in ("alice", "bob", "charlie")]
    assert [outcome.founding_number for outcome in found] == [1, 2, 3]


def test_a_number_is_not_given_again_when_its_member_leaves(services: Services) -> None:
    few = with_settings(services, founding_member_cap=2)
    joined = join(few, "alice")
    join(few, "bob")
    User.delete().where(User.id == joined.user_id).execute()
    assert join(few, "charlie") == Waitlisted(WaitlistReason.FULL)
    assert seats.places(few).taken == 2


def test_joining_twice_is_a_return(services: Services) -> None:
    first = join(services, "alice")
    assert join(services, "alice") == Returned(first.user_id)
    assert User.select().count() == 1


def test_coming_back_over_and_over_polls_no_more_often(services: Services, frozen: Frozen) -> None:
    alice = join(services, "alice")
    assert Connection.get().next_poll_at <= clock.now()
    Connection.update(last_success_at=clock.now()).execute()
    checked = frozen.now
    for renews in (False, True):
        frozen.forward(minutes=2)
        join(services, "alice", renews=renews, signed_in=alice.user_id)
        assert Connection.get().next_poll_at == checked + check_wait.PATIENCE
    frozen.forward(minutes=2)
    join(services, "alice", renews=True)
    assert Connection.get().next_poll_at == frozen.now


def test_signing_in_once_the_six_months_are_over_begins_six_new_ones(
    services: Services, frozen: Frozen
) -> None:
    join(services, "alice")
    ends = Connection.get().reauth_due_at
    frozen.forward(days=30)
    join(services, "alice")
    assert Connection.get().reauth_due_at == ends  # that may have been no new consent
    frozen.to(ends)
    join(services, "alice")
    row = Connection.get()
    assert (row.authorized_at, row.reauth_due_at) == (ends, renewal.reauth_due(ends))


def test_hundreds_at_once_get_exactly_the_places_there_are(services: Services) -> None:
    few = with_settings(services, founding_member_cap=7)
    people = 500  # ten at once, and the seven places go to the first few of each

    def arrive(first: int) -> Counter[str]:
        with database.connection_context():
            return Counter(
                type(join(few, f"listener-{number}")).__name__
                for number in range(first, people, 10)
            )

    with ThreadPoolExecutor(10) as pool:
        seen = sum(pool.map(arrive, range(10)), Counter())
    assert seen == {"Joined": 7, "Waitlisted": people - 7}
    with database.connection_context():
        assert sorted(user.founding_number for user in User.select()) == list(range(1, 8))
        assert Connection.select().count() == 7


def test_the_same_account_in_two_windows_at_once_becomes_one_member(services: Services) -> None:
    def arrive(_: int) -> str:
        with database.connection_context():
            return type(join(services, "alice")).__name__

    with ThreadPoolExecutor(8) as pool:
        seen = Counter(pool.map(arrive, range(40)))
    assert seen == {"Joined": 1, "Returned": 39}
    assert User.select().count() == 1


def test_no_more_people_come_in_than_spotify_seats(services: Services) -> None:
    SpotifyApp.update(seats=2).execute()
    join(services, "alice")
    join(services, "bob")
    assert join(services, "charlie") == Waitlisted(WaitlistReason.NO_SEAT)
    Connection.update(status=DISCONNECTED).where(
        Connection.user == User.get(User.spotify_id == "bob")
    ).execute()
    assert isinstance(join(services, "charlie"), Joined)
    assert join(services, "bob", renews=True) == Returned(
        User.get(User.spotify_id == "bob").id, connected=False, refused=WaitlistReason.NO_SEAT
    )


def test_whoever_has_a_seat_may_always_reconnect(services: Services) -> None:
    SpotifyApp.update(seats=1).execute()
    join(services, "alice")
    Connection.update(status=NOT_ALLOWED).execute()
    outcome = join(services, "alice", renews=True)
    assert (outcome.connected, outcome.reconnected) == (True, True)
    assert Connection.get().status == ACTIVE


def test_an_invited_person_comes_in_though_it_is_full(services: Services) -> None:
    SpotifyApp.update(seats=1).execute()
    join(services, "alice")
    now = clock.now()
    entry = on_the_list("bob@example.org", invited_at=now, place_until=now + timedelta(days=7))
    assert join(services, "charlie") == Waitlisted(WaitlistReason.NO_SEAT)
    outcome = join(services, "bob", entry=entry.id)
    assert outcome.founding_number == 2
    bob = User.get(User.spotify_id == "bob")
    assert (bob.email, bob.email_verified_at) == (None, None)  # the link may have been passed on
    assert WaitlistEntry.get().user_id == bob.id
    assert welcome.invited_address(bob) == "bob@example.org"


def test_an_invitation_is_good_once_and_for_seven_days(services: Services, frozen: Any) -> None:
    few = with_settings(services, founding_member_cap=1)
    now = clock.now()
    entry = on_the_list("bob@example.org", invited_at=now, place_until=now + timedelta(days=7))
    assert seats.places(few).opening is Opening.FULL
    frozen.forward(days=7)
    assert seats.places(few).left == 1
    join(few, "alice")
    assert join(few, "bob", entry=entry.id) == Waitlisted(WaitlistReason.FULL)


def test_an_invitation_that_was_used_lets_nobody_else_in(services: Services) -> None:
    few = with_settings(services, founding_member_cap=1)
    now = clock.now()
    entry = on_the_list("bob@example.org", invited_at=now, place_until=now + timedelta(days=7))
    assert join(few, "bob", entry=entry.id).founding_number == 1
    assert join(few, "charlie", entry=entry.id) == Waitlisted(WaitlistReason.FULL)


def test_held_places_are_not_given_to_strangers(services: Services) -> None:
    few = with_settings(services, founding_member_cap=2)
    on_the_list("bob@example.org", place_until=clock.now() + timedelta(days=90))
    assert join(few, "alice").founding_number == 1
    assert join(few, "charlie") == Waitlisted(WaitlistReason.FULL)


def test_bob_cannot_attach_the_account_of_alice(services: Services) -> None:
    alice, bob = join(services, "alice"), join(services, "bob")
    before = list(Connection.select().dicts())
    outcome = join(services, "alice", signed_in=bob.user_id, renews=True)
    assert outcome == WrongAccount(account_name="alice", archive_name="bob", taken=True)
    outcome = join(services, "charlie", signed_in=alice.user_id, renews=True)
    assert outcome == WrongAccount(account_name="charlie", archive_name="alice", taken=False)
    assert list(Connection.select().dicts()) == before
    assert User.select().count() == 2


def test_an_email_to_alice_reconnects_nobody_else(services: Services) -> None:
    alice = join(services, "alice")
    join(services, "bob")
    assert isinstance(join(services, "bob", expected=alice.user_id), WrongAccount)
    assert isinstance(join(services, "charlie", expected=alice.user_id), WrongAccount)
    assert isinstance(join(services, "alice", expected=alice.user_id), Returned)


def test_an_archive_without_spotify_takes_an_account_that_has_none(services: Services) -> None:
    bob = make_user("bob", spotify_account_id=None, spotify_id=None, email="bob@example.org")
    assert join(services, "bob-at-spotify", signed_in=bob.id) == NotAttached()
    assert join(services, "bob-at-spotify", expected=bob.id) == NotAttached()
    assert join(services, "bob-at-spotify", expected=bob.id, attaches=True) == NotAttached()
    assert User.get_by_id(bob.id).spotify_account_id is None
    outcome = join(services, "bob-at-spotify", signed_in=bob.id, attaches=True)
    assert outcome == Joined(bob.id, 1, attached=True)
    assert User.get_by_id(bob.id).spotify_account_id == "account-bob-at-spotify"
    join(services, "alice")
    carol = make_user("carol", spotify_account_id=None, spotify_id=None)
    assert isinstance(join(services, "alice", signed_in=carol.id), WrongAccount)


def test_an_archive_whose_account_was_taken_away_keeps_its_number_and_its_place(
    services: Services,
) -> None:
    two = with_settings(services, founding_member_cap=2)
    ana = make_user("ana", spotify_account_id=None, spotify_id=None)
    hers = {"signed_in": ana.id, "attaches": True}
    for account in ("alice", "alice", "another"):
        assert join(two, account, **hers) == Joined(ana.id, 1, attached=True)
        assert seats.places(two).taken == 1
        take_away(two, ana, account)
    assert join(two, "bob") == Joined(2, 2)
    assert join(two, "charlie") == Waitlisted(WaitlistReason.FULL)
    assert join(two, "alice", **hers) == Joined(ana.id, 1, attached=True)  # though all are given
    assert User.get_by_id(ana.id).founding_number == 1


def test_an_own_app_needs_no_seat_and_no_founding_place(services: Services) -> None:
    few = with_settings(services, founding_member_cap=0)
    bob = make_user("bob", spotify_account_id=None, spotify_id=None)
    own = SpotifyApp.create(
        owner=bob, client_id="bobs", secret_encrypted="", seats=5, created_at=clock.now()
    )
    hers = {"signed_in": bob.id, "attaches": True}
    assert join(few, "bob", **hers) == Waitlisted(WaitlistReason.FULL)
    assert join(few, "bob", **hers, app_id=own.id) == Joined(bob.id, None, attached=True)
    assert Connection.get().app_id == own.id


def test_a_stranger_gets_nowhere_through_somebody_elses_app(services: Services) -> None:
    few = with_settings(services, founding_member_cap=0)
    bob = make_user("bob")
    own = SpotifyApp.create(
        owner=bob, client_id="bobs", secret_encrypted="", seats=5, created_at=clock.now()
    )
    assert join(few, "charlie", app_id=own.id) == Waitlisted(WaitlistReason.FULL)


def test_tokens_of_one_app_never_replace_those_of_another(services: Services) -> None:
    alice = join(services, "alice")
    own = SpotifyApp.create(
        owner=alice.user_id, client_id="alices", secret_encrypted="", created_at=clock.now()
    )
    join(services, "alice", signed_in=alice.user_id, app_id=own.id, renews=True)
    before = Connection.get().refresh_encrypted
    assert join(services, "alice") == Returned(alice.user_id, connected=False)
    assert (Connection.get().app_id, Connection.get().refresh_encrypted) == (own.id, before)


def test_an_account_known_by_its_old_id_is_recognized(services: Services) -> None:
    old = make_user("alice", spotify_account_id="alice", spotify_id="alice")
    assert join(services, "alice") == Returned(old.id, connected=False)
    assert User.get_by_id(old.id).spotify_account_id == "account-alice"


def test_an_id_that_went_to_somebody_else_does_not_open_the_archive(services: Services) -> None:
    join(services, "alice")
    taken_over = Profile(account_id="account-mallory", spotify_id="alice")
    assert isinstance(sign_up.join(services, taken_over, TOKENS, Visit()), Joined)
    assert User.select().count() == 2


@pytest.mark.parametrize(
    ("delivered", "kept"),
    [
        (None, None),
        ("", None),
        ("\x00\n\t", None),
        ("Al\x00ice\r\n", "Alice"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("👩‍👩‍👧 ليلى", "👩‍👩‍👧 ليلى"),
        ("a" * 500, "a" * 200),
    ],
)
def test_names_are_kept_as_delivered_without_control_characters(
    services: Services, delivered: str | None, kept: str | None
) -> None:
    sign_up.join(services, profile("alice", display_name=delivered), TOKENS, Visit())
    assert User.get().display_name == kept


def test_members_are_found_by_every_name_they_have(services: Services) -> None:
    alice = make_user("alice", email="alice@example.org", email_verified_at=clock.now())
    make_user("mallory", email="bob@example.org")  # typed, never proven
    for text in ("account-alice", "alice", " Alice@example.org ", str(alice.id)):
        assert members.find(text).id == alice.id
    assert members.find("bob@example.org") is None
    assert members.find("nobody") is None
    digits = make_user("digits", spotify_id=str(alice.id))
    assert members.find(str(alice.id)).id == digits.id


def test_tiers_are_free_and_pro(services: Services) -> None:
    alice = make_user("alice")
    members.set_tier(alice, "pro")
    assert User.get().tier == "pro"
    with pytest.raises(ValueError, match="no tier"):
        members.set_tier(alice, "gold")
