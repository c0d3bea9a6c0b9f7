"""Preferences and hidden artists as rows; on both databases."""

from __future__ import annotations

import pytest

from audiospective.accounts import hidden_artists, preferences
from audiospective.models import User
from audiospective.policy.preferences import Preferences
from tests.factories import make_user


def test_everybody_begins_with_the_defaults_and_keeps_what_they_change(services):
    alice, bob = make_user("alice"), make_user("bob")
    assert preferences.of(User.get_by_id(alice.id)) == Preferences()
    preferences.save(alice.id, {"week_start": 7, "counting_rule": "half"})
    preferences.save(alice.id, {"theme": "dark"})
    preferences.save(alice.id, {})
    assert preferences.of(User.get_by_id(alice.id)) == Preferences(7, "half", "plays", "dark")
    assert preferences.of(User.get_by_id(bob.id)) == Preferences()


@pytest.mark.parametrize("wanted", [{"week_start": "7"}, {"theme": "pink"}, {"email": "x@y.z"}])
def test_what_cannot_be_chosen_is_not_kept(services, wanted):
    alice = make_user("alice")
    with pytest.raises(ValueError, match="cannot be"):
        preferences.save(alice.id, wanted)
    assert preferences.of(User.get_by_id(alice.id)) == Preferences()


def test_a_hidden_artist_is_one_members_own_and_can_come_back(services, frozen):
    alice, bob = make_user("alice"), make_user("bob")
    assert hidden_artists.hide(alice.id, 7)
    frozen.forward(minutes=1)
    assert hidden_artists.hide(alice.id, 7)
    assert hidden_artists.hide(alice.id, 8)
    assert hidden_artists.hide(bob.id, 9)
    assert hidden_artists.ids(alice.id) == {7, 8}
    assert [row.artist for row in hidden_artists.newest_first(alice.id)] == [8, 7]
    assert not hidden_artists.show(alice.id, 9)
    assert hidden_artists.show(alice.id, 7)
    assert not hidden_artists.show(alice.id, 7)
    assert hidden_artists.ids(alice.id) == {8}
    assert hidden_artists.ids(bob.id) == {9}


def test_a_full_list_takes_no_more(services, monkeypatch):
    monkeypatch.setattr(hidden_artists, "AT_MOST", 2)
    alice = make_user("alice")
    assert [hidden_artists.hide(alice.id, artist) for artist in (1, 2, 3, 2)] == [
        True,
        True,
        False,
        True,
    ]
