"""What the owner of an address reads before it is used."""

from __future__ import annotations

from tests.notices.reading import BASE, ms, write

EXAMPLES = [{"token": "token", "expires_at": ms(5)}]


def test_the_link_leads_to_a_button():
    assert f"{BASE}/address/token" in write("verify_address", EXAMPLES[0]).text.splitlines()
