"""Which tracks are one recording, next to a naive reference."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audiospective.policy import recordings
from audiospective.policy.folding import fold
from audiospective.policy.recording_suggestions import Candidate, suggestions
from audiospective.policy.recording_titles import base_title
from audiospective.policy.recordings import Choice, heads

TRACKS = range(1, 9)
HOME = st.sampled_from(["album", "single", "compilation", "ep", None, "odd"])


def naive(alike, choices, homes):
    """By growing sets until nothing changes."""
    edges = []
    for group in alike:
        left = [
            one
            for one in group
            if one in homes
            and not any(not c.together and c.track == one and c.other in group for c in choices)
        ]
        edges += [(a, b) for a in left for b in left]
    merges = [c for c in choices if c.together and c.track in homes and c.other in homes]
    edges += [(c.track, c.other) for c in merges]
    found = {}
    for one in homes:
        reach = {one}
        while True:
            wider = (
                reach | {b for a, b in edges if a in reach} | {a for a, b in edges if b in reach}
            )
            if wider == reach:
                break
            reach = wider
        targets = [c for c in merges if c.other in reach]
        if targets:
            head = max(targets, key=lambda c: c.at).other
        else:
            order = {"album": 0, "ep": 1, "single": 2, "compilation": 4}
            head = min(reach, key=lambda t: (order.get(homes[t], 3), t))
        if head != one:
            found[one] = head
    return found


@given(
    st.lists(st.sets(st.sampled_from(TRACKS), min_size=2, max_size=4), max_size=4),
    st.lists(
        st.tuples(st.sampled_from(TRACKS), st.sampled_from(TRACKS), st.booleans()).filter(
            lambda told: told[0] != told[1]
        ),
        max_size=6,
        unique_by=lambda told: told[:2],
    ),
    st.dictionaries(st.sampled_from(TRACKS), HOME),
)
def test_heads_are_those_of_a_naive_reference(alike, told, homes):
    choices = [Choice(*one, at=number) for number, one in enumerate(told)]
    found = heads([sorted(group) for group in alike], choices, homes)
    assert found == naive(alike, choices, homes)
    assert not set(found.values()) & found.keys()  # a head counts as itself


def test_the_home_of_a_recording_is_its_album():
    homes = {1: "compilation", 2: "single", 3: "album", 4: "album"}
    assert heads([[1, 2, 3, 4]], [], homes) == {1: 3, 2: 3, 4: 3}


def test_a_merge_by_hand_says_what_counts_and_the_latest_one_last():
    homes = dict.fromkeys(TRACKS, "album")
    first, second = Choice(1, 2, True, 10), Choice(2, 3, True, 20)
    assert heads([], [first], homes) == {1: 2}
    assert heads([], [second, first], homes) == {1: 3, 2: 3}


def test_a_track_set_apart_leaves_its_group_and_the_others_stay():
    homes = dict.fromkeys(TRACKS, "album")
    assert heads([[1, 2, 3]], [Choice(1, 2, False, 1)], homes) == {3: 2}


@pytest.mark.parametrize(
    "title",
    [
        "Slow Harbour",
        "Slow Harbour - Remastered 2011",
        "Slow Harbour - 2011 Remaster",
        "Slow Harbour (2011 Remastered Version)",
        "SLOW HARBOUR [Remastered]",
        "Slow Harbour (Deluxe Edition)",
        "Slow Harbour - Album Version",
        "Slow Harbour - Mono / Remastered",
        "Slow Harbour (feat. Nora Feld) - Bonus Track",
        "Slow Harbour (with Nora Feld)",
        "Slow Harbour - 25th Anniversary Edition",
    ],
)
def test_issues_have_one_base_title(title):
    assert base_title(title) == "slow harbour"


@pytest.mark.parametrize(
    "title",
    [
        "Slow Harbour - Live",
        "Slow Harbour (Acoustic)",
        "Slow Harbour - Radio Edit",
        "Slow Harbour (Nora Feld Remix)",
        "Slow Harbour - Demo",
        "Slow Harbour, Pt. 2",
        "Mono",
        "(Remastered)",
        "Deluxe",
    ],
)
def test_other_recordings_keep_their_words(title):
    assert base_title(title) == fold(title)


@given(st.text(alphabet="ab ()[]-", max_size=30), st.sampled_from(["", " - Remastered", " (Mono)"]))
def test_a_base_title_is_final(text, suffix):
    assert base_title(base_title(text + suffix)) == base_title(text + suffix)


def candidate(track, plays, base="song", artist=7, duration=200_000):
    return Candidate(track, base, artist, duration, plays)


@pytest.mark.parametrize(
    ("one", "other", "suggested"),
    [
        (candidate(1, 5), candidate(2, 9), True),
        (candidate(1, 5, duration=None), candidate(2, 9), True),
        (candidate(1, 5, duration=204_000), candidate(2, 9), True),
        (candidate(1, 5, duration=204_001), candidate(2, 9), False),
        (candidate(1, 5, artist=8), candidate(2, 9), False),
        (candidate(1, 5, base="other"), candidate(2, 9), False),
        (candidate(1, 5, base=""), candidate(2, 9, base=""), False),
    ],
)
def test_tracks_that_differ_in_little_are_suggested_as_one_recording(one, other, suggested):
    assert suggestions([one, other], set()) == ([(one, other)] if suggested else [])
    assert suggestions([one, other], {frozenset((1, 2))}) == []


def test_suggestions_stand_in_order_of_what_they_would_change():
    pairs = [candidate(1, 5), candidate(2, 9), candidate(3, 7)]
    assert [(a.track, b.track) for a, b in suggestions(pairs, set())] == [(3, 2), (1, 2)]


def test_classes_begin_with_their_head():
    assert recordings.classes({5: 3, 1: 3, 4: 2}) == {3: [3, 1, 5], 2: [2, 4]}
