"""Which plays are sent on, which only look new, and what a server may be called."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from random import Random

import pytest

from audiospective.policy import forwarding, listen_servers
from audiospective.policy.forwarding import APART, MOVED, SETTLED, Candidate, Key

NOW = 1_800_000_000_000
OLD = (NOW - SETTLED, 1)
HOST = "api.listenbrainz.org"


@pytest.mark.parametrize(
    ("polled", "live", "platform", "key", "players", "sent"),
    [
        (True, False, None, (NOW, 1), False, True),
        (True, True, "Web Scrobbler", (NOW, 1), False, True),
        (True, True, "ListenBrainz", (NOW, 1), True, False),
        (True, False, "listenbrainz", (NOW, 1), True, True),  # a file's word, no program's
        (False, True, "Navidrome", OLD, False, False),
        (False, True, "Navidrome", OLD, True, True),
        (False, True, None, OLD, True, True),
        (False, True, "Navidrome", (NOW - SETTLED + 1, 1), True, False),
        (False, True, "Audiospective", OLD, True, False),
        (False, True, "ListenBrainz relay", OLD, True, False),
        (False, False, "ios", OLD, True, False),  # from a file
    ],
)
def test_polled_plays_are_sent_on_and_those_of_players_if_the_member_says_so(
    polled: bool, live: bool, platform: str | None, key: tuple[int, int], players: bool, sent: bool
) -> None:
    play = Candidate(key, polled, live, platform)
    assert forwarding.goes(play, HOST, NOW, players=players) is sent


def test_what_came_from_a_server_does_not_go_back_to_it() -> None:
    play = Candidate(OLD, polled=False, live=True, platform="maloja")
    assert not forwarding.goes(play, "maloja.example", NOW, players=True)
    assert forwarding.goes(play, "koito.example", NOW, players=True)


@pytest.mark.parametrize(
    ("old", "new", "live", "same"),
    [
        ((NOW, 1), (NOW, 2), False, True),  # another track now
        ((NOW, 1), (NOW + MOVED, 1), True, True),  # told of better
        ((NOW, 1), (NOW + MOVED + 1, 1), True, False),
        ((NOW, 1), (NOW + APART, 1), False, True),  # so that each has a key of its own
        ((NOW, 1), (NOW + APART + 1, 1), False, False),  # the same song once more
        ((NOW, 1), (NOW + 1, 2), False, False),  # the next play
        ((NOW, 1), (NOW + 200_000, 2), True, True),
    ],
)
def test_a_play_that_moved_is_known(
    old: tuple[int, int], new: tuple[int, int], live: bool, same: bool
) -> None:
    found = forwarding.moved([old], [Candidate(new, True, live, None)])
    assert found == ({old: new} if same else {})


def test_each_new_play_stands_for_one_old_one() -> None:
    new = [Candidate((NOW, 7), True, False, None), Candidate((NOW + 5, 7), True, False, None)]
    assert forwarding.moved([(NOW + 1, 7), (NOW + 2, 7), (NOW + 3, 7)], new) == {
        (NOW + 1, 7): (NOW, 7),
        (NOW + 2, 7): (NOW + 5, 7),
    }


@pytest.mark.parametrize("title", ["Flood", "FLOOD - Remastered 2011", "Flood (feat. Ebb)"])
def test_a_play_that_moved_is_told_by_its_title_from_the_one_before_it(title: str) -> None:
    """That one was not sent: its end, as a poll tells it, is when the other one began."""
    ebb, flood = (NOW, 1), (NOW + 200_000, 12)
    before = Candidate((NOW - 1, 11), polled=True, live=True, platform=None)
    after = Candidate(flood, polled=True, live=True, platform=None)
    titles = {1: "Flood", 11: "Ebb", 12: title}
    assert forwarding.moved([ebb], [before, after], (), titles) == {ebb: flood}


@pytest.mark.parametrize("live", [False, True])
@pytest.mark.parametrize("pause", [-200, 0, 5_000])
def test_of_a_song_on_repeat_that_play_moved_in_whose_time_the_sent_one_began(
    live: bool, pause: int
) -> None:
    """The play before ended nearer to it: either no player sent that, or it was over by then."""
    sent, long = (NOW, 1), 200_000
    before = Candidate((NOW - pause, 1), polled=True, live=live and pause > 0, platform=None)
    other = Candidate((NOW + long - 700, 1), polled=True, live=True, platform=None)
    found = forwarding.moved([sent], [before, other], (), {1: "Ebb"}, {1: long})
    assert found == {sent: other.key}


def test_a_long_mix_that_moved_is_known() -> None:
    sent, long = (NOW, 1), 3 * MOVED
    other = Candidate((NOW + long + MOVED, 1), polled=True, live=True, platform=None)
    assert forwarding.moved([sent], [other], (), {}, {1: long}) == {sent: other.key}
    assert forwarding.moved([sent], [other], (), {}, {1: long - 1}) == {}


@pytest.mark.parametrize("title", ["Ebb", "Flood"])
def test_a_play_that_a_file_moved_to_another_track_is_known_by_its_title(title: str) -> None:
    sent = (NOW, 1)
    told = Candidate((NOW + 200_000, 2), polled=False, live=True, platform="ios")
    found = forwarding.moved([sent], [told], (), {1: "Ebb", 2: title})
    assert found == ({sent: told.key} if title == "Ebb" else {})


def test_a_deleted_play_that_moved_stands_for_no_other_one() -> None:
    sent, stone = (NOW, 1), (NOW + 200_000, 11)
    other = Candidate((NOW + 100_000, 12), polled=True, live=True, platform=None)
    titles = {1: "Ebb", 11: "Ebb", 12: "Flood"}
    assert forwarding.moved([sent], [other], [stone], titles) == {sent: stone}
    again = Candidate((NOW + 400_000, 11), polled=True, live=True, platform=None)
    assert forwarding.moved([sent], [again], [], titles) == {sent: again.key}


@pytest.mark.parametrize("span", [4, MOVED, 6 * MOVED])
def test_of_many_plays_each_moved_to_the_nearest_one_that_it_may_be(span: int) -> None:
    for seed in range(150):
        chance = Random(seed)
        coarse = chance.choice([1, span // 4])
        keys = {(chance.randrange(span) // coarse * coarse, chance.randrange(5)) for _ in range(24)}
        old = sorted(chance.sample(sorted(keys), len(keys) // 3))
        new = [Candidate(key, chance.random() < 0.8, chance.random() < 0.8, None)
               for key in sorted(keys.difference(old)) if chance.random() < 0.6]  # fmt: skip
        stones = [key for key in keys.difference(old) if chance.random() < 0.4]
        titles = {track: chance.choice(["Ebb", "Ebb - Mono", "Flood"]) for track in range(4)}
        long = chance.choice([0, span // 3])
        found = forwarding.moved(old, new, stones, titles, dict.fromkeys(range(5), long))
        assert found == _one_by_one(old, new, stones, titles, long), seed


def _one_by_one(
    old: list[Key], new: list[Candidate], deleted: list[Key], titles: Mapping[int, str], long: int
) -> dict[Key, Key]:
    """By a look at all of them: what a player sent and is alike before all else."""
    named = {track: title.removesuffix(" - Mono") for track, title in titles.items()}
    stones = [Candidate(key, polled=True, live=True, platform=None) for key in deleted]

    def alike(one: Candidate, sent: Key) -> bool:
        (at, track), (to, other) = sent, one.key
        return one.live and (at == to or track == other or named.get(track, 0) == named.get(other))

    def same(one: Candidate, sent: Key) -> bool:
        (at, track), (to, other) = sent, one.key
        return at == to or (track == other and abs(at - to) <= APART)

    def like_any(one: Candidate, _: Key) -> bool:
        return one.live and one.polled

    found: dict[Key, Key] = {}
    for fits, among, length in (
        (alike, new, long), (alike, stones, long), (same, new, 0), (like_any, new, long),
        (like_any, stones, long),
    ):  # fmt: skip
        for at, track in old:
            near = [
                (max(one.key[0] - length - at, at - one.key[0], 0), abs(one.key[0] - at), one.key)
                for one in among
                if (at, track) not in found
                and one.key not in found.values()
                and fits(one, (at, track))
            ]
            if near and min(near)[0] <= MOVED:
                found[at, track] = min(near)[2]
    return found


class Instant(int):
    """Counts how often it is held against another one."""

    compared = 0

    def __rsub__(self, other: int) -> int:
        Instant.compared += 1
        return other - int(self)


def test_of_thousands_that_were_deleted_only_the_nearest_are_looked_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Instant, "compared", 0)
    chance = Random(1)
    old = sorted((Instant(chance.randrange(MOVED)), 0) for _ in range(100))
    deleted = [(chance.randrange(MOVED), 1 + number % 50) for number in range(2000)]
    assert len(forwarding.moved(old, [], deleted)) == len(old)
    assert Instant.compared < 20 * len(old)


@pytest.mark.parametrize(
    "typed",
    [
        "https://lb.example",
        "https://lb.example/",
        "https://lb.example/1",
        "https://lb.example/1/",
        " https://lb.example/1/submit-listens ",
        "https://lb.example/1/validate-token",
    ],
)
def test_any_form_of_an_address_is_understood(typed: str) -> None:
    assert listen_servers.root(typed) == "https://lb.example"


@pytest.mark.parametrize(
    ("root", "alone"),
    [
        ("https://maloja.example/apis/listenbrainz", True),
        ("https://example.com/music/apis/lbrnz", True),
        ("https://api.listenbrainz.org", False),
        ("https://koito.example/apis/listenbrainz/more", False),
    ],
)
def test_maloja_gets_each_listen_alone(root: str, alone: bool) -> None:
    assert listen_servers.one_by_one(root) is alone


@pytest.mark.parametrize(
    ("url", "fine"),
    [
        ("https://api.listenbrainz.org", True),
        ("https://maloja.example/apis/listenbrainz", True),
        ("https://lb.example:8443/a-b/c_d", True),
        ("http://api.listenbrainz.org", False),
        ("https://127.0.0.1", False),
        ("https://[::1]", False),
        ("https://192.168.1.4", False),
        ("https://169.254.169.254/latest", False),
        ("https://localhost", False),
        ("https://db.internal", False),
        ("https://user:pass@lb.example", False),
        ("https://lb.example/../x", False),
        ("https://lb.example/a b", False),
        ("https://lb.example/?q=1", False),
        ("https://lb.example/#x", False),
        ("https://", False),
        ("", False),
        ("https://[", False),
    ],
)
def test_only_public_https_addresses_are_spoken_with(url: str, fine: bool) -> None:
    assert (listen_servers.fault(url) is None) is fine


def test_pauses_grow_and_end() -> None:
    minutes = [listen_servers.pause(n) // timedelta(minutes=1) for n in (1, 2, 3, 7, 8, 99)]
    assert minutes == [20, 40, 80, 1280, 1440, 1440]


@pytest.mark.parametrize(
    ("said", "seconds"), [("120", 120), ("0", 10), (None, 60), ("-5", 60), ("soon", 60),
                          ("999999", 86_400), ("9" * 30, 60)],
)  # fmt: skip
def test_a_server_says_how_long_to_wait_within_reason(said: str | None, seconds: int) -> None:
    assert listen_servers.asked_pause(said) == timedelta(seconds=seconds)
