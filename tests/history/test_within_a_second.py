"""Which plays are known although the fraction of their second is another one now."""

from __future__ import annotations

import pytest

from audiospective.history import within_a_second

SONG, OTHER = 7, 8


@pytest.mark.parametrize(
    ("at", "track", "told", "known"),
    [
        (5_000, SONG, [(5_513, SONG)], True),  # cut
        (6_000, SONG, [(5_513, SONG)], True),  # rounded
        (5_513, SONG, [(5_000, SONG)], True),  # told in seconds before
        (5_999, SONG, [(5_000, SONG)], True),
        (5_000, SONG, [(6_000, SONG)], False),  # a second is one
        (5_513, SONG, [(5_514, SONG)], False),  # both to the millisecond: two plays
        (5_000, SONG, [(5_513, OTHER)], False),
        (5_000, SONG, [(65_513, SONG)], False),  # once more, a minute later
        (5_000, SONG, [], False),
    ],
)
def test_a_play_is_known_where_one_of_both_times_has_no_fraction(at, track, told, known):
    page = [(at, track), *told]
    assert within_a_second.known(page[:1], told, page) == ({(at, track)} if known else set())


@pytest.mark.parametrize(
    ("at", "track", "known"),
    [
        (5_514, SONG, True),  # rounded where it was cut
        (5_001, SONG, True),
        (6_512, SONG, True),
        (6_514, SONG, False),  # a second is one
        (5_514, OTHER, False),
    ],
)
def test_a_play_is_known_where_its_page_lacks_the_time_told_before(at, track, known):
    told = [(5_513, SONG)]
    assert within_a_second.known([(at, track)], told, [(at, track)]) == (
        {(at, track)} if known else set()
    )
