"""Who a Spotify account is here, whatever Spotify leaves out or hands on; on both databases."""

from __future__ import annotations

import pytest

from audiospective.accounts import identity, sign_up, spotify_app
from audiospective.accounts.outcomes import Joined, Returned, Unrecognized, Visit
from audiospective.clients.spotify import Profile, Tokens
from audiospective.models import User
from audiospective.services import Services
from tests.factories import make_user

TOKENS = Tokens("access", 3600, "refresh", "user-read-recently-played")


@pytest.fixture(autouse=True)
def _app(services: Services) -> None:
    spotify_app.environment_app(services)


def join(services: Services, account: str | None, spotify_id: str) -> object:
    return sign_up.join(services, Profile(account, spotify_id), TOKENS, Visit())


def test_a_poorer_answer_is_the_member_who_has_the_id(services: Services) -> None:
    alice = join(services, "account-a", "alice")
    assert join(services, None, "alice") == Returned(alice.user_id)
    row = User.get_by_id(alice.user_id)
    assert (row.spotify_account_id, row.spotify_id) == ("account-a", "alice")


def test_a_poorer_answer_with_an_unknown_id_is_nobody_yet(services: Services) -> None:
    join(services, "account-a", "alice")
    assert join(services, None, "renamed") == Unrecognized()
    assert User.select().count() == 1
    assert join(services, "account-a", "renamed") == Returned(1)
    assert join(services, None, "renamed") == Returned(1)


def test_an_id_that_spotify_gave_to_another_account_goes_with_it(services: Services) -> None:
    alice = join(services, "account-a", "name")
    bob = join(services, "account-b", "name")
    assert isinstance(bob, Joined)
    assert join(services, None, "name") == Returned(bob.user_id)
    assert join(services, "account-a", "other") == Returned(alice.user_id)
    assert join(services, None, "other") == Returned(alice.user_id)


def test_a_member_from_before_account_ids_is_known_by_both(services: Services) -> None:
    old = make_user("old", spotify_account_id="old", spotify_id="old")
    assert identity.known(Profile(None, "old")).id == old.id
    assert join(services, "account-old", "old") == Returned(old.id, connected=False)
    assert User.get_by_id(old.id).spotify_account_id == "account-old"
    assert identity.known(Profile(None, "old")).id == old.id


def test_an_id_that_two_members_could_mean_is_nobody(services: Services) -> None:
    make_user("first", spotify_account_id="shared", spotify_id="first")
    make_user("second", spotify_account_id="account-2", spotify_id="shared")
    with pytest.raises(identity.AmbiguousError):
        identity.known(Profile(None, "shared"))
