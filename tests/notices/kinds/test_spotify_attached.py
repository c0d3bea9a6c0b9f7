"""What the owner of an archive reads when a Spotify account was attached to it."""

from __future__ import annotations

from tests.notices.reading import BASE, ms, write

EXAMPLES = [{"token": "token", "until": ms(30)}]


def test_the_link_takes_the_account_away_again():
    said = write("spotify_attached", EXAMPLES[0]).text
    assert f"{BASE}/detach/token" in said.splitlines()
    assert "30\u00a0November 2026" in said
