"""What the owner of an address reads that was entered on the waitlist."""

from __future__ import annotations

from tests.notices.reading import ms, write

TOKEN = "8f14e45fceea167a5a36dedd4bea2543" * 2  # as long as the real ones
EXAMPLES = [{"token": TOKEN, "known": known, "expires_at": ms(9)} for known in (False, True)]


def test_a_known_address_has_nothing_to_do():
    asked, known = (write("waitlist_confirm", example) for example in EXAMPLES)
    assert "Confirm" in asked.subject
    assert "nothing to do" in " ".join(known.text.split())
