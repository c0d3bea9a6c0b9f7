"""No page costs more than twelve queries, however much its member has of everything."""

from __future__ import annotations

from datetime import timedelta

from audiospective import clock
from audiospective.bench.pages import QUERIES
from audiospective.models import Connection, User
from audiospective.models.coverage import Coverage
from audiospective.models.gaps import Gap
from audiospective.models.poll_log import PollLog
from audiospective.operations import health
from tests.browser.members import huge, things
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


STATED = ("/dashboard", "/ui/dashboard", "/health", "/history", "/settings/connection")


def test_pages_that_tell_of_a_return(site: Site, queries: list[str]) -> None:
    user, now = huge(site.services), clock.now()
    checked = PollLog.select().where(PollLog.outcome == "ok").order_by(PollLog.at).first()
    Gap.update(opened_at=checked.at).where(Gap.cause == "overflow").execute()
    Coverage.insert(
        user=user.id, started_at=now - timedelta(days=40)
    ).on_conflict_ignore().execute()
    User.update(created_at=now - timedelta(days=40)).execute()
    Connection.update(authorized_at=checked.at - timedelta(minutes=1)).execute()
    returned = health.state(site.services, user.id).returned
    assert returned is not None
    assert returned.gap is not None
    member = site.member(user)
    spent = {}
    for address in STATED:
        fragment = {"HX-Request": "true"} if address.startswith("/ui/") else {}
        assert member.get(address, headers=fragment).status_code == 200
        queries.clear()
        member.get(address, headers=fragment)
        spent[address] = len(queries)
    assert {address: many for address, many in spent.items() if many > QUERIES} == {}


def test_no_page_of_a_huge_archive_asks_the_database_too_often(
    site: Site, queries: list[str]
) -> None:
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
