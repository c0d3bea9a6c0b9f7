"""Which plays count, as a table."""

from __future__ import annotations

import pytest

from audiospective.policy import counting
from audiospective.policy.counting import Counting, Measure, Rule, counts

MINUTES = 60_000


@pytest.mark.parametrize(
    ("ms_played", "duration", "reason_end", "seconds", "half", "completed"),
    [
        (None, None, None, True, True, True),  # Spotify's API tells no length
        (None, 3 * MINUTES, "fwdbtn", True, True, True),
        (0, 3 * MINUTES, None, False, False, False),
        (29_999, 3 * MINUTES, None, False, False, False),
        (30_000, 3 * MINUTES, None, True, False, False),
        (30_000, 60_000, None, True, True, False),
        (29_999, 59_998, None, False, True, False),
        (30_000, None, None, True, True, False),
        (29_999, None, None, False, False, False),
        (30_000, None, "trackdone", True, True, True),
        (171_000, 180_000, None, True, True, True),
        (170_999, 180_000, None, True, True, False),
        (180_000, 180_000, "fwdbtn", True, True, False),
        (10_000, 180_000, "trackdone", False, False, True),  # begun by seeking
        (2**31 - 1, 2**31 - 1, None, True, True, True),
    ],
)
def test_a_rule_decides_by_what_is_known(
    ms_played: int | None,
    duration: int | None,
    reason_end: str | None,
    seconds: bool,
    half: bool,
    completed: bool,
) -> None:
    found = [counts(rule, ms_played, duration, reason_end) for rule in Rule]
    assert found == [True, seconds, half, completed]


def test_every_choice_has_words_of_its_own() -> None:
    every = [Counting(rule, measure) for rule in Rule for measure in Measure]
    assert len({counting.words(one) for one in every}) == len(every)
    assert counting.words(Counting()) == "every play"
