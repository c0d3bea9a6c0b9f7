"""The link that proves an address."""

from __future__ import annotations

from datetime import timedelta

from audiospective.accounts import address
from audiospective.models import User
from audiospective.models.notices import Notice
from audiospective.notices import compose
from tests.factories import make_user

DAY = timedelta(days=1)


def token_of(url):
    return url.rpartition("/")[2]


def test_an_address_is_proven_by_the_button_and_not_by_the_link(site):
    bob = make_user("bob")
    address.propose(site.services, bob, "bob@mail.example")
    token = compose.opened(site.services, Notice.get())["token"]
    visitor = site.visitor()
    page = visitor.page(f"/address/{token}")
    assert User.get_by_id(bob.id).email_verified_at is None
    visitor.submit(page, f"/address/{token}")
    assert User.get_by_id(bob.id).email_verified_at is not None
    assert "Your address is confirmed" in visitor.page(f"/address/{token}").text
    visitor.page("/address/x", 404)
