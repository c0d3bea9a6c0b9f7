"""An archive with plays thousands of years apart, which a restored bundle may hold."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from audiospective import clock
from audiospective.exports import snapshot
from audiospective.exports.bundle import writing
from audiospective.exports.snapshot import Owner
from audiospective.history import append
from audiospective.history.catalog import polled
from audiospective.models import User
from tests import factories
from tests.support import archive_states
from tests.support.clocks import Frozen
from tests.web.conftest import Site
from tests.web.test_poisoned_names import crawl

YEARS = (1970, 1998, 2300, 9999)


def test_every_page_and_the_bundle_stay_small(site: Site, frozen: Frozen, tmp_path: Path) -> None:
    alice = factories.connected(site.services, last_success_at=clock.now()).user
    User.update(timezone="Europe/Berlin").execute()
    archive_states.plays(alice, 5)
    facts = factories.track()
    number = polled.remember([facts])[facts.spotify_id]
    for year in YEARS:
        at = clock.to_ms(datetime(year, 12, 2, 11, 30, tzinfo=UTC))
        append.polled([append.NewPlay(alice.id, at, number, None)])
    opened = crawl(site, site.member(alice), "/dashboard")
    assert len(opened) > 30
    large = {address: len(text) for address, text in opened.items() if len(text) > 200_000}
    assert not large
    for year in YEARS:
        assert f'href="/history/{year}-12"' in opened["/history"]
    taken = snapshot.take(alice.id, Owner("alice", "Europe/Berlin"), clock.now(), tmp_path)
    made = writing.write(alice, taken, tmp_path, statistics=True)
    assert taken.plays == 5 + len(YEARS)
    assert made.stat().st_size < 1_000_000
