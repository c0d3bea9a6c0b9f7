"""Names without blanks, as long as they may be: nothing is pushed out of the page or of a table."""

from __future__ import annotations

from datetime import timedelta

from audiospective import clock
from audiospective.accounts import shares
from audiospective.models import User
from audiospective.models.api_tokens import ApiToken
from tests.browser.conftest import House, Visit
from tests.browser.states import member
from tests.browser.test_every_page import overflow

LONG = "W" * 60


def test_a_shared_page_bears_the_name_of_whoever_shares_it(house: House, visit: Visit) -> None:
    user = member(house)
    User.update(display_name=LONG).where(User.id == user.id).execute()
    token = shares.make(User.get_by_id(user.id), "profile", 30, "Europe/Berlin")
    page = visit(f"/shared/{token}", None, "narrow")
    assert LONG in page.inner_text("header")
    assert overflow(page) == []


def test_what_can_be_done_with_a_token_stays_in_sight(house: House, visit: Visit) -> None:
    user, now = member(house), clock.now()
    ApiToken.create(
        user=user, name=LONG, token_sha256="x", prefix="as_abc", scopes="read:plays",
        created_at=now, expires_at=now + timedelta(days=90),
    )  # fmt: skip
    page = visit("/settings/api", user)
    table = page.locator(".table-scroll")
    assert table.evaluate("box => box.scrollWidth <= box.clientWidth")
