"""What a member reads when plays are saved again."""

from __future__ import annotations

from tests.notices.reading import ms, write

BACK = {"since": ms(3), "back_at": ms(9)}
EXAMPLES = [
    {**BACK, "added": 50, "gap_start": ms(3), "gap_end": ms(8)},
    {**BACK, "added": 1, "gap_start": None, "gap_end": None},
]


def test_it_says_whether_plays_may_be_missing():
    with_gap, without = (write("back_on", example).text for example in EXAMPLES)
    assert "may be missing" in with_gap
    assert "Nothing is missing" in without
