"""A play of any year has a page, and so has everything that leads to it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from audiospective import clock, history
from audiospective.history import segment
from audiospective.history.catalog import polled
from audiospective.models import User
from tests.factories import connected, track
from tests.support.clocks import Frozen
from tests.web.conftest import Site

# Restored bundles and clocks that ran wrong have plays of such times; now is March 2026.
YEARS = [2, 1890, 1969, 2300, 9998]


@pytest.mark.parametrize("year", YEARS)
def test_every_address_that_leads_to_it_opens(site: Site, frozen: Frozen, year: int) -> None:
    alice: User = connected(site.services, last_success_at=clock.now()).user
    song = polled.remember([track()])[track().spotify_id]
    at = clock.to_ms(datetime(year, 5, 6, 12, tzinfo=UTC))
    now = clock.to_ms(clock.now())
    rows = [{"played_at": one, "track": song, "source": 2} for one in (at, now)]
    history.absorb(alice.id, segment.of(rows))
    member = site.member(alice)
    assert member.page(f"/history/plays/{at}-{song}").one("h1").text
    day = f"{year:04}-05-06"
    for address in (f"/history/{day}", f"/history/{day[:7]}", f"/history/{day[:4]}"):
        assert f"/history/plays/{at}-{song}" in hrefs(member.page(address).all("a"))
    assert "2 plays" in member.page("/history").text
    links = {one for page in ("/reports", "/history") for one in hrefs(member.page(page).all("a"))}
    leading = {one for one in links if one.startswith(("/reports/", "/history/"))}
    assert f"/history/{year:04}" in leading
    for address in leading:
        if f"{year:04}" not in address and "2026" not in address:
            continue
        assert member.get(address).status_code == 200, address
    if year < 2026:
        assert f"/reports/{year:04}" in leading
        assert "1 play" in member.page(f"/reports/{day[:7]}").text


def hrefs(links: list) -> list[str]:
    return [link.attributes.get("href", "") for link in links]
