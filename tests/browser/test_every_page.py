"""Pages for members in every state of an archive, looked at in one of five ways a visit.

Pages come from the map of the site, so a new one is visited as soon as it is there. The way of
looking moves on by one from state to state, so that each page is seen in all of them.
"""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page
from werkzeug.routing import Rule

from audiospective.models import User
from tests.browser import axe
from tests.browser.conftest import House
from tests.browser.members import MEMBERS, things
from tests.browser.test_accessibility import PAINTED, PRIMARY, TARGETS
from tests.support.browser import OpenPage
from tests.web import markup

NARROW, ZOOMED, WIDE = (320, 640), (640, 400), (1280, 800)  # 640: 1280 at 200 %
LOOKS: list[tuple[tuple[int, int], dict[str, Any]]] = [
    (WIDE, {"color_scheme": "light", "forced_colors": "none"}),
    (NARROW, {"color_scheme": "dark", "forced_colors": "none"}),
    (ZOOMED, {"color_scheme": "light", "forced_colors": "active"}),
    (WIDE, {"color_scheme": "dark", "forced_colors": "none"}),
    (NARROW, {"color_scheme": "light", "forced_colors": "none"}),
]
# What tells of the state itself is visited in every state, pages of music where there is music or
# none at all, and everything in the richest archive.
OF_STATE = ("/dashboard", "/health", "/welcome", "/settings/connection", "/settings/emails",
            "/connection/disconnect")  # fmt: skip
OF_MUSIC = (*OF_STATE, "/history", "/reports", "/tracks", "/artists", "/albums", "/settings/data")
VISITED: dict[str, tuple[str, ...]] = {
    "new": (*OF_STATE, "/history", "/reports", "/imports", "/exports"),
    "empty": (*OF_STATE, "/history", "/reports"),
    "failing": OF_STATE,
    "gaps": (*OF_STATE, "/history", "/reports"),
    "disconnected": OF_STATE,
    "files only": OF_MUSIC,
    "huge": ("/",),
}


def pages(house: House, user: User, member: str) -> list[tuple[str, str]]:
    """(rule, address) of every page that opens for this member without script."""
    client = house.site.member(user)
    found = []
    for rule in sorted(house.site.app.url_map.iter_rules(), key=lambda rule: rule.rule):
        view = house.site.app.view_functions[rule.endpoint]
        if "GET" not in (rule.methods or ()) or not getattr(view, "for_members", False):
            continue
        if rule.rule.startswith("/ui/"):
            continue
        if not rule.rule.startswith(VISITED[member]):
            continue
        for address in addresses(house, rule, user):
            answer = client.get(address)
            assert answer.status_code < 500, address
            if answer.status_code == 200 and answer.mimetype == "text/html":
                assert markup.faults(markup.read(answer.text)) == [], address
                found.append((rule.rule, address))
                break
    return found


def addresses(house: House, rule: Rule, user: User) -> list[str]:
    """The address of a rule; with arguments, once with each thing of the member's that fits."""
    found = []
    with house.site.app.test_request_context(base_url=house.url):
        for value in things(user) if rule.arguments else [None]:
            values = dict.fromkeys(rule.arguments, value)
            try:
                found.append(house.site.app.url_for(rule.endpoint, _external=False, **values))
            except ValueError:  # a text where only a number can stand
                continue
    return found


def problems(page: Page, look: int) -> list[str]:
    """What is wrong with the page that is open, in one way of looking and at both small sizes."""
    size, media = LOOKS[look]
    found = []
    for width, height in {NARROW, ZOOMED} - {size}:
        page.set_viewport_size({"width": width, "height": height})
        found += overflow(page)
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.emulate_media(reduced_motion="reduce", **media)
    page.evaluate(PAINTED)
    found += overflow(page)
    found += [f"too small: {line}" for line in page.evaluate(TARGETS)]
    found += [f"under 44 px: {line}" for line in page.evaluate(PRIMARY)]
    if page.locator("h1").count() != 1:
        found.append("not one h1")
    return found + axe.violations(page)


def overflow(page: Page) -> list[str]:
    over = page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    return [f"{over} px stick out at {page.viewport_size}"] if over > 0 else []


@pytest.mark.parametrize("member", MEMBERS)
def test_every_page_bears_the_state(house: House, open_page: OpenPage, member: str) -> None:
    user = MEMBERS[member](house.services)
    page = open_page(base_url=house.url)
    page.context.add_cookies([house.cookie(user)])  # type: ignore[list-item]
    found: list[str] = []
    visited = pages(house, user, member)
    for number, (_, address) in enumerate(visited):
        page.goto(address)
        look = (number + list(MEMBERS).index(member)) % len(LOOKS)
        found += [f"{address} {LOOKS[look]}: {wrong}" for wrong in problems(page, look)]
    assert not found, "\n".join(found)
    if member == "huge":
        assert no_page_was_left_out(house, {rule for rule, _ in visited}) == []


# Files, and addresses that only lead on.
NO_PAGES = {
    "/exports/<int:export_id>/file",
    "/history/jump",
    "/imports/<int:import_id>/rejected.csv",
    "/imports/<int:import_id>/report.csv",
    "/imports/new",
    "/reports/<address>/picture.png",
    "/reports/<address>/picture.svg",
    "/reports/<address>/text",
    "/settings/alerts",  # a former address, leads to /settings/emails
}


def no_page_was_left_out(house: House, visited: set[str]) -> list[str]:
    """Rules of pages for members that nothing of the richest archive opens: add it to `things`."""
    every = {
        rule.rule
        for rule in house.site.app.url_map.iter_rules()
        if "GET" in (rule.methods or ())
        and getattr(house.site.app.view_functions[rule.endpoint], "for_members", False)
        and not rule.rule.startswith("/ui/")
    }
    return sorted(every - visited - NO_PAGES)
