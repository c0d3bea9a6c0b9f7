"""What a member reads whose account is to be deleted."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from audiospective import clock
from audiospective.accounts import deletion, former_address
from audiospective.models import User
from audiospective.models.notices import Notice
from audiospective.notices import compose, kind
from tests.factories import make_user
from tests.notices.reading import BASE, ms, write

EXAMPLES = [
    {"token": "token", "due": ms(30), "asked": ms(23)},  # as older releases owed it
    {"token": "token", "due": ms(30), "asked": ms(23), "timezone": "America/Lima"},
]


def test_it_says_the_day_and_how_to_keep_the_archive():
    words = write("deletion_scheduled", EXAMPLES[0])
    assert words.subject == "Your archive will be deleted on 30 November 2026"
    assert f"{BASE}/keep/token" in words.text.splitlines()


@pytest.mark.parametrize(("name", "due"), [("deletion_scheduled", 20), ("address_changed", 27)])
def test_days_are_those_of_the_members_own_clock(services, frozen, name, due):
    """As on the pages: by UTC, what ends in the evening of one day would end on the next."""
    frozen.to(datetime(2026, 3, 14, 2, tzinfo=UTC))
    alice = make_user("alice", email="alice@mail.example", email_verified_at=clock.now(),
                      timezone="America/Los_Angeles")  # fmt: skip
    if name == "deletion_scheduled":
        deletion.schedule(services, alice)
    else:
        former_address.tell(services, User.get_by_id(alice.id))
    words = compose.envelope(services, kind.find(name), Notice.get())
    assert f"{due}\u00a0March 2026" in words.text
    assert f"{due + 1}\u00a0March" not in words.text + words.html + words.subject
