"""What a member reads whose account is to be deleted."""

from __future__ import annotations

from tests.notices.reading import BASE, ms, write

EXAMPLES = [{"token": "token", "due": ms(30), "asked": ms(23)}]


def test_it_says_the_day_and_how_to_keep_the_archive():
    words = write("deletion_scheduled", EXAMPLES[0])
    assert words.subject == "Your archive will be deleted on 30 November 2026"
    assert f"{BASE}/keep/token" in words.text.splitlines()
