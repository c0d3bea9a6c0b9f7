"""What somebody on the waitlist reads when it is their turn."""

from __future__ import annotations

from tests.notices.reading import ms, write

EXAMPLES = [{"token": "token", "founding": founding, "until": ms(9)} for founding in (True, False)]


def test_it_says_until_when_the_place_is_held():
    assert all("9\u00a0November 2026" in write("waitlist_invite", one).text for one in EXAMPLES)
