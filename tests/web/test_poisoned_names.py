"""Names that carry markup are words on every page that a member can come to."""

from __future__ import annotations

from collections import Counter
from html import unescape
from urllib.parse import urljoin, urlsplit

import pytest
from werkzeug.exceptions import HTTPException

from audiospective import clock
from audiospective.models import User
from tests import factories
from tests.support import archive_states
from tests.support.clocks import Frozen
from tests.web import markup
from tests.web.conftest import Site, Visitor

POISON = "\"'><img src=x onerror=alert(1)></title></script><script>alert(1)</script>{{7*7}}"
EACH = 2  # addresses of one view are enough


def crawl(site: Site, browser: Visitor, start: str) -> dict[str, str]:
    """Every page that links lead to from `start`, as it is sent."""
    addresses, opened, seen = [start], {}, Counter[str]()
    find = site.app.url_map.bind("127.0.0.1:8000")
    for address in addresses:
        try:
            endpoint, _ = find.match(urlsplit(address).path)
        except HTTPException:
            continue
        if seen[endpoint] >= EACH or endpoint.startswith(("assets.", "auth.")):
            continue
        seen[endpoint] += 1
        answer = browser.get(address)
        assert answer.status_code < 400, address
        if answer.location or not answer.mimetype.endswith("html"):
            addresses.append(urljoin(address, answer.location or start))
            continue
        opened[address] = answer.text
        tree = markup.read(answer.text)
        assert markup.faults(tree) == [], address
        assert not tree.all("img", src="x"), address
        links = (tag.attributes.get("href", "") for tag in tree.all("a"))
        addresses += [urljoin(address, one) for one in links if not one.startswith("http")]
    return opened


def test_no_name_becomes_markup_on_any_page(
    site: Site, frozen: Frozen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        archive_states, "track", lambda name: factories.track(POISON + name, POISON + "artist")
    )
    alice = factories.connected(site.services, last_success_at=clock.now()).user
    User.update(display_name=POISON).execute()
    archive_states.plays(alice, 5)
    opened = crawl(site, site.member(alice), "/dashboard")
    assert len(opened) > 30
    named = [address for address, text in opened.items() if POISON in unescape(text)]
    assert len(named) > 8, sorted(opened)
