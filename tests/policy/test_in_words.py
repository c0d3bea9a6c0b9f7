"""Numbers of things in words."""

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
