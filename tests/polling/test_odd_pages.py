"""Pages that Spotify may send although it never did: none costs, doubles or hides a play."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import orjson
import pytest

from audiospective.history import append, removal
from audiospective.history.catalog import lookup
from audiospective.models import Play, UnreadablePlay, transaction
from audiospective.models.poll_log import PollLog
from audiospective.policy.plays import Page

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
ODD = timedelta(milliseconds=513)


class Otherwise:
    """Spotify as it would answer with other times of plays; a function of milliseconds."""

    def __init__(self, spotify: Any, time: Callable[[int], int]) -> None:
        self.spotify, self.time = spotify, time

    def __getattr__(self, name: str) -> Any:
        return getattr(self.spotify, name)

    def recently_played(self, token: str, deadline: Any) -> Page:
        page = self.spotify.recently_played(token, deadline)
        plays = [replace(play, played_at=self.time(play.played_at)) for play in page.plays]
        return replace(page, plays=tuple(plays))


def test_whole_seconds_for_a_while_double_no_play_and_leave_no_gap(alice):
    exact = alice.services
    whole = replace(exact, spotify=Otherwise(exact.spotify, lambda at: at // 1000 * 1000))
    alice.plays(60, until=alice.frozen.now - ODD)
    alice.poll()
    deleted = Play.select().order_by(Play.played_at.desc()).first()
    removal.remove(alice.row.user_id, [(deleted.played_at, deleted.track)])
    alice.passes(hours=1)
    for alice.services in (whole, whole, exact, exact):
        assert alice.poll().new_plays == 0
    alice.services = whole
    alice.passes(hours=1)
    alice.plays(3, until=alice.frozen.now - ODD)
    assert alice.poll().new_plays == 3
    alice.services = exact
    assert alice.poll().new_plays == 0
    assert (len(alice.archived()), alice.gaps()) == (52, [])


@pytest.mark.parametrize("off", [-1, 1, 480])
def test_times_that_are_cut_where_they_were_rounded_double_no_play_and_leave_no_gap(alice, off):
    exact = alice.services
    other = replace(exact, spotify=Otherwise(exact.spotify, lambda at: at + off))
    alice.plays(60, until=alice.frozen.now - ODD)
    alice.poll()
    for alice.services in (other, other, exact):
        alice.passes(hours=1)
        alice.plays(3, until=alice.frozen.now - ODD)
        assert alice.poll().new_plays == 3
    assert (len(alice.archived()), alice.gaps()) == (59, [])


def test_a_stand_in_that_nothing_links_to_the_track_stays_one_play(alice):
    """Spotify tells apps in development mode no `linked_from`."""
    alice.plays(60)
    alice.poll()
    deleted = Play.select().order_by(Play.played_at.desc()).first()
    removal.remove(alice.row.user_id, [(deleted.played_at, deleted.track)])
    before = list(Play.select(Play.played_at, Play.track).tuples())
    alice.passes(hours=1)
    for suffix in ("A", "B"):
        alice.control.fault("relinked", times=1, suffix=suffix, told=False)
        assert alice.poll().new_plays == 0
    assert alice.poll().new_plays == 0
    assert list(Play.select(Play.played_at, Play.track).tuples()) == before
    assert alice.gaps() == []


@pytest.mark.parametrize("told", [False, True])
def test_a_stand_in_with_another_fraction_of_its_second_stays_one_play(alice, told):
    exact = alice.services
    alice.plays(60, until=alice.frozen.now - ODD)
    alice.poll()
    before = list(Play.select(Play.played_at, Play.track).tuples())
    alice.passes(hours=1)
    cut = Otherwise(exact.spotify, lambda at: at // 1000 * 1000)
    for spotify in (cut, exact.spotify):
        alice.services = replace(exact, spotify=spotify)
        alice.control.fault("relinked", times=1, suffix="A", told=told)
        assert alice.poll().new_plays == 0
    assert list(Play.select(Play.played_at, Play.track).tuples()) == before
    assert alice.gaps() == []


def test_tracks_of_one_name_that_end_at_one_time_are_plays_each(alice):
    facts = {"name": "Slack Water", "type": "track", "artists": [{"id": "a" * 22, "name": "Quay"}]}
    for ids in (("b", "c"), ("b", "c", "d"), ("d", "c", "b")):
        alice.control.fault("body", endpoint="recently-played", times=1, status=200, text=(
            orjson.dumps({"items": [alice.item(alice.frozen.now - MINUTE,
                                    track={**facts, "id": one * 22})["raw"] for one in ids]})
            .decode()
        ))  # fmt: skip
        alice.poll()
    assert len(alice.archived()) == 3


def test_a_page_of_thousands_of_nothings_is_kept_and_costs_no_check(alice):
    alice.plays(5)
    alice.poll()
    alice.passes(hours=1)
    nothings = f'{{"items": [{",".join(["null"] * 40_000)}]}}'
    alice.control.fault("body", endpoint="recently-played", times=1, status=200, text=nothings)
    assert alice.poll().new_plays == 0
    assert UnreadablePlay.select().count() == 1
    assert PollLog.select().order_by(PollLog.at.desc()).first().offered == 32_767
    assert len(alice.archived()) == 5


def test_thousands_of_items_that_fit_no_play_are_kept_each(alice):
    texts = ",".join(f'"item {number}"' for number in range(11_000))
    page = f'{{"items": [{texts}]}}'
    alice.control.fault("body", endpoint="recently-played", times=1, status=200, text=page)
    alice.poll()
    assert UnreadablePlay.select().count() == 11_000


def test_tracks_whose_commit_a_failover_lost_are_kept_again(alice, monkeypatch):
    """The plays would else stand under numbers that other tracks get."""
    real, lost = append.remember, []

    def remember(plays: Any) -> append.Tracks:
        if lost:
            return real(plays)
        with transaction() as told:
            found = real(plays)
            told.rollback()
        lost.append(found)
        return found

    monkeypatch.setattr(append, "remember", remember)
    alice.plays(3)
    assert alice.poll().new_plays == 3
    tracks = {play.track for play in Play.select()}
    assert lost
    assert all(one.spotify_id for one in lookup.tracks(tracks).values())
