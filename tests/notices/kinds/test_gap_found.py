"""What a member reads when plays may be missing."""

from __future__ import annotations

from tests.notices.reading import ms, write

EXAMPLES = [{"start": ms(3), "end": ms(4)}]


def test_it_says_between_when_and_when():
    text = " ".join(write("gap_found", EXAMPLES[0]).text.split())
    assert "3 November 2026, 14:05" in text
    assert "4 November 2026, 14:05" in text
