"""What the owner of an address reads before it is used."""

from __future__ import annotations

from tests.notices.reading import BASE, ms, write

WHERE = {"token": "token", "device": "Firefox on Linux", "expires_at": ms(5)}
EXAMPLES = [{**WHERE, "archive": archive} for archive in ("Mara <b>", None)]


def test_the_link_leads_to_a_button():
    assert f"{BASE}/address/token" in write("verify_address", EXAMPLES[0]).text.splitlines()


def test_it_says_whose_archive_it_is_for_and_where_the_link_works():
    named, unnamed = (" ".join(write("verify_address", one).text.split()) for one in EXAMPLES)
    assert "the archive of Mara <b>" in named
    assert "an archive without a name" in unnamed
    assert "in Firefox on Linux" in named
