"""What the owner of a former address reads."""

from __future__ import annotations

from tests.notices.reading import BASE, ms, write

EXAMPLES = [{"token": "token", "until": ms(14)}]


def test_the_link_takes_the_archive_back():
    said = write("address_changed", EXAMPLES[0]).text
    assert f"{BASE}/address/restore/token" in said.splitlines()
    assert "14\u00a0November 2026" in said
