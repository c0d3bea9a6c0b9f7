"""What a member reads before their consent ends."""

from __future__ import annotations

from tests.notices.reading import BASE, ms, write

ENDS = {"ends_at": ms(22), "renew_url": f"{BASE}/reconnect/token"}
EXAMPLES = [
    {**ENDS, "days": 30, "last": False},
    {**ENDS, "days": 7, "step": 1, "last": False},
    {**ENDS, "days": 1, "step": 2, "last": True},
]


def test_the_subject_says_until_when():
    subject = write("renewal", EXAMPLES[0]).subject
    assert subject == "Renew Audiospective’s access to Spotify before 22 November 2026"
