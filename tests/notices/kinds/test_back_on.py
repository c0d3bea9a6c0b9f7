"""What a member reads when plays are saved again."""

from __future__ import annotations

from tests.notices.reading import ms, write

BACK = {"since": ms(3), "back_at": ms(9)}
EXAMPLES = [
    {**BACK, "added": 50, "gap_start": ms(3), "gap_end": ms(8)},
    {**BACK, "added": 1, "gap_start": None, "gap_end": None},  # as older releases owed it
    {**BACK, "added": 12, "gap_start": None, "gap_end": None, "never": True},
]


def test_it_says_whether_plays_may_be_missing():
    with_gap, without = (write("back_on", example).text for example in EXAMPLES[:2])
    assert "may be missing" in with_gap
    assert "Nothing is missing" in without


def test_of_an_archive_that_never_worked_before_it_says_nothing_of_before():
    words = write("back_on", EXAMPLES[2])
    for said in (words.subject, *(" ".join(part.split()) for part in (words.text, words.html))):
        assert "again" not in said
        assert "back on" not in said
        assert "saved before" not in said
    assert "Nothing is missing since you connected Spotify on 3\u00a0November 2026" in words.text
