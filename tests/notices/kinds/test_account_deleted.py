"""The receipt of somebody who has left."""

from __future__ import annotations

from tests.notices.reading import ms, write

EXAMPLES = [
    {"plays": 12_345, "deleted_at": ms(30), "expires_at": ms(30)},
    {"plays": 1, "deleted_at": ms(30), "expires_at": ms(30)},
]


def test_it_says_when_and_how_much_and_that_it_is_the_last_one():
    said = " ".join(write("account_deleted", EXAMPLES[0]).text.split())
    assert "was deleted on 30 November 2026, with 12,345 plays" in said
    assert "this is the last e-mail" in said
    assert "with 1 play and" in " ".join(write("account_deleted", EXAMPLES[1]).text.split())
