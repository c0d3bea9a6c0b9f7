"""The e-mail by which a member finds out whether e-mails arrive."""

from __future__ import annotations

from audiospective import clock
from audiospective.notices.kinds import test_email
from tests.factories import make_user
from tests.notices.reading import BASE, ms, write

EXAMPLES = [{"asked": ms(22), "alerts_url": f"{BASE}/settings/emails"}]


def test_it_says_that_it_is_a_test_and_leads_to_the_choices() -> None:
    words = write("test_email", EXAMPLES[0])
    assert "22" in words.text
    assert f"{BASE}/settings/emails" in words.text


def test_only_a_proven_address_gets_one_and_each_wish_is_one(services) -> None:
    bob = make_user("bob", email="bob@mail.example")
    assert not test_email.put(services, bob)
    alice = make_user("alice", email="alice@mail.example", email_verified_at=clock.now())
    assert test_email.put(services, alice)
    assert test_email.put(services, alice)
    found = test_email.latest(alice.id)
    assert found is not None
    assert (found.recipient, found.status) == ("alice@mail.example", "queued")
    assert test_email.latest(bob.id) is None
