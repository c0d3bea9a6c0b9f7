"""The zone of a browser is used until another one is saved."""

from __future__ import annotations

import pytest

from audiospective.accounts import time_zone
from audiospective.models import User, transaction
from audiospective.notices import kind
from tests.factories import make_user


def saved(user: User) -> User:
    return User.get_by_id(user.id)


def test_a_browsers_zone_is_used_until_the_member_saves_one(services) -> None:
    alice = make_user("alice")
    time_zone.suggest(saved(alice), "Asia/Tokyo")
    assert saved(alice).timezone == "Asia/Tokyo"
    assert time_zone.chosen(saved(alice)) is None
    time_zone.suggest(saved(alice), "Europe/Berlin")  # they travel
    assert saved(alice).timezone == "Europe/Berlin"
    with transaction():
        time_zone.choose(alice.id, "America/Lima")
    time_zone.suggest(saved(alice), "Asia/Tokyo")
    assert saved(alice).timezone == "America/Lima"
    assert time_zone.chosen(saved(alice)) == "America/Lima"


@pytest.mark.parametrize("name", ["UTC", "Europe/Berlin"])
def test_a_zone_that_was_saved_outlasts_every_browser(services, name) -> None:
    alice = make_user("alice")
    with transaction():
        time_zone.choose(alice.id, name)
    time_zone.suggest(saved(alice), "Asia/Tokyo")
    assert saved(alice).timezone == name


def test_a_zone_that_an_earlier_release_saved_is_the_members_own(services) -> None:
    alice = make_user("alice", timezone="Pacific/Auckland")
    time_zone.suggest(saved(alice), "Asia/Tokyo")
    assert saved(alice).timezone == "Pacific/Auckland"


def test_a_suggestion_undoes_nothing_that_was_saved_meanwhile(services) -> None:
    alice = make_user("alice")
    read_before = saved(alice)
    with transaction():
        time_zone.choose(alice.id, "America/Lima")
        kind.switch(alice.id, "gap_found", on=False)
    time_zone.suggest(read_before, "Asia/Tokyo")
    assert saved(alice).timezone == "America/Lima"
    assert "gap_found" in kind.switched_off(saved(alice))


def test_no_browser_told_leaves_utc(services) -> None:
    alice = make_user("alice")
    time_zone.suggest(saved(alice), None)
    assert (saved(alice).timezone, time_zone.chosen(saved(alice))) == ("UTC", None)
