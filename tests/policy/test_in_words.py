"""Numbers, lengths and sizes in words."""

from __future__ import annotations

import pytest

from audiospective.policy import in_words


@pytest.mark.parametrize(
    ("count", "words", "said"),
    [
        (1, ["play"], "1 play"),
        (0, ["play"], "0 plays"),
        (1204, ["play"], "1,204 plays"),
        (12041, ["person", "people"], "12,041 people"),
    ],
)
def test_a_number_of_things_is_told_in_their_plural(count: int, words: list[str], said: str):
    assert in_words.plural(count, *words) == said


@pytest.mark.parametrize(
    ("ms", "said"),
    [
        (0, "0 min"),
        (29_999, "under a minute"),
        (30_001, "1 min"),
        (59 * 60_000, "59 min"),
        (60 * 60_000, "1 h"),
        (61 * 60_000, "1 h 1 min"),
        ((100 * 60 - 1) * 60_000, "99 h 59 min"),
        ((1204 * 60 + 20) * 60_000, "1,204 h"),
    ],
)
def test_a_length_is_told_as_exactly_as_anybody_wants_to_know(ms: int, said: str):
    assert in_words.duration(ms) == in_words.amount(ms, by_time=True) == said


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (1, "1 byte"),
        (999, "999 bytes"),
        (1_000, "1 kB"),
        (999_499, "999 kB"),
        (999_500, "1.0 MB"),
        (1_000_000, "1.0 MB"),
        (9_940_000, "9.9 MB"),
        (9_950_000, "10 MB"),
        (9_999_999, "10 MB"),
        (10_000_000, "10 MB"),
        (1_204_000_000, "1,204 MB"),
    ],
)
def test_a_size_is_told_in_two_figures_or_three(count: int, said: str):
    assert in_words.size(count) == said


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Nora Feld", "Nora Feld"),
        ("青木 鈴 🎻", "青木 鈴 🎻"),
        ("ליאור (live)", "\u2068ליאור (live)\u2069"),
        ("ليلى ناصر", "\u2068ليلى ناصر\u2069"),
    ],
)
def test_a_name_from_right_to_left_keeps_the_number_behind_it(name: str, said: str) -> None:
    assert in_words.isolated(name) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "a minute"), (60, "a minute"), (61, "2 minutes"), (5_400, "90 minutes"),
        (5_401, "2 hours"), (7_200, "2 hours"), (7_201, "3 hours"), (86_400, "24 hours"),
    ],
)  # fmt: skip
def test_a_wait_is_never_shorter_than_it_is(seconds: int, said: str) -> None:
    assert in_words.wait(seconds) == said
