"""What a member reads before their consent ends."""

from __future__ import annotations

from tests.notices.reading import BASE, ms, write

ENDS = {"ends_at": ms(22), "renew_url": f"{BASE}/reconnect/token"}
EXAMPLES = [
    {**ENDS, "days": 30, "last": False},
    {**ENDS, "days": 7, "step": 1, "last": False},
    {**ENDS, "days": 1, "step": 2, "last": True},
    {**ENDS, "days": 30, "last": False, "paused": True},
    {**ENDS, "days": 1, "step": 2, "last": True, "paused": True},
]


def test_the_subject_says_until_when():
    subject = write("renewal", EXAMPLES[0]).subject
    assert subject == "Renew Audiospective’s access to Spotify before 22 November 2026"


def test_in_a_pause_it_promises_no_plays_and_asks_for_nothing():
    for example in EXAMPLES[3:]:
        words = write("renewal", example)
        said = " ".join(words.text.split())
        assert "paused" in words.subject
        assert "there is nothing to do" in said
        assert "without a gap" not in said + words.html
        assert ENDS["renew_url"] not in words.text + words.html  # renewing would end the pause
