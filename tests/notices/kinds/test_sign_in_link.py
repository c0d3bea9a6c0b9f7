"""What somebody reads who asked to sign in."""

from __future__ import annotations

from tests.notices.reading import write

EXAMPLES = [{"token": "token", "known": known, "expires_at": 1793700000000} for known in (1, 0)]


def test_an_unknown_address_is_told_that_an_archive_is_opened():
    known, unknown = (write("sign_in_link", example) for example in EXAMPLES)
    assert "Sign in" in known.text
    assert "new to us" in unknown.text
