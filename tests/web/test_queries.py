"""No page costs more than twelve queries, however much its member has of everything."""

from __future__ import annotations

from audiospective.bench.pages import QUERIES
from audiospective.models import User
from tests.browser.lives import huge, things
from tests.web.conftest import Site

# What is no page that somebody reads again and again: files, and the ways out.
NO_PAGES = ("/text", "/picture.svg", "/picture.png", "/file", "/report.csv", "/rejected.csv")


def addresses(site: Site, user: User) -> list[str]:
    """Every address of a page for members, with everything that could stand in it."""
    found = []
    values = things(user)
    with site.app.test_request_context(base_url=site.services.settings.base_url):
        for rule in site.app.url_map.iter_rules():
            view = site.app.view_functions[rule.endpoint]
            if "GET" not in (rule.methods or ()) or not getattr(view, "for_members", False):
                continue
            for value in values if rule.arguments else (None,):
                try:
                    address = site.app.url_for(
                        rule.endpoint, _external=False, **dict.fromkeys(rule.arguments, value)
                    )
                except ValueError:  # a text where only a number can stand
                    continue
                if not address.endswith(NO_PAGES):
                    found.append(address)
    return found


def test_every_page(site: Site, queries: list[str]) -> None:
    user = huge(site.services)
    member = site.member(user)
    spent: dict[str, int] = {}
    for address in addresses(site, user):
        fragment = {"HX-Request": "true"} if address.startswith("/ui/") else {}
        if member.get(address, headers=fragment).status_code != 200:
            continue
        queries.clear()
        member.get(address, headers=fragment)
        spent[address] = len(queries)
    assert len(spent) > 40
    assert {address: many for address, many in spent.items() if many > QUERIES} == {}
