"""Every form of settings, reports and shared links works as a browser alone sends it."""

from __future__ import annotations

import pytest

from audiospective import clock
from audiospective.models import User
from tests.browser.members import huge
from tests.web import markup
from tests.web.conftest import Site, Visitor
from tests.web.markup import Tag

PAGES = [
    "/settings/profile", "/settings/counting", "/settings/emails", "/settings/address",
    "/settings/connection", "/settings/spotify-app", "/settings/recordings", "/settings/hidden",
    "/settings/shares", "/settings/shares/new?report=all", "/settings/sessions", "/settings/data",
    "/settings/delete", "/connection/disconnect", "/reports",
]  # fmt: skip
WENT = (200, 302, 303, 422)  # 422: the form again, with what is missing beside its field


@pytest.fixture
def alice(site: Site) -> User:
    return huge(site.services)


def sent(form: Tag) -> dict[str, str]:
    """What a browser sends of a form that nobody has touched."""
    values = {}
    for tag in form.all("input"):
        name, kind = tag.attributes.get("name"), tag.attributes.get("type", "text")
        if not name or "disabled" in tag.attributes:
            continue
        if kind not in ("checkbox", "radio") or "checked" in tag.attributes:
            values[name] = tag.attributes.get("value", "on" if kind == "checkbox" else "")
    for tag in form.all("select"):
        options = tag.all("option")
        chosen = [one for one in options if "selected" in one.attributes] or options[:1]
        values[tag.attributes["name"]] = chosen[0].attributes.get("value", chosen[0].text)
    for tag in form.all("textarea"):
        if "name" in tag.attributes:
            values[tag.attributes["name"]] = tag.text
    return values


def submit(member: Visitor, page: str, form: Tag) -> tuple[int, str]:
    """The status and text of what comes after it."""
    action = form.attributes.get("action", page)
    values = sent(form)
    if form.attributes.get("method", "get") == "get":
        answer = member.get(action, query_string=values, follow_redirects=True)
    else:
        base = member.application.extensions["audiospective"].settings.base_url
        first = member.post(action, data=values, headers={"Referer": f"{base}{page}"})
        assert first.status_code in WENT, (page, action, first.status_code)
        answer = first
        if first.status_code in (302, 303) and first.headers["Location"].startswith("/"):
            answer = member.get(first.headers["Location"], follow_redirects=True)
    return answer.status_code, answer.text


@pytest.mark.parametrize("page", PAGES)
def test_every_form_leads_to_a_whole_page(site: Site, alice: User, page: str) -> None:
    member = site.member(alice)
    for number in range(len(member.page(page).one("main").all("form"))):
        member = site.member(alice)  # some forms end the session, or the archive
        again = member.page(page).one("main").all("form")
        if number >= len(again):
            break
        status, text = submit(member, page, again[number])
        assert status in (200, 422), (page, again[number].attributes)
        tree = markup.read(text)
        assert tree.one("h1").text
        assert tree.one("main")


def test_a_report_is_found_read_and_shared_and_the_link_ended(site: Site, alice: User) -> None:
    member, year = site.member(alice), clock.now().year
    day = f"{year}-01-05"
    answer = member.get(f"/reports?from={day}&to={day}", follow_redirects=True)
    assert answer.status_code == 200
    report = member.page(f"/reports/{year}")
    share = f"/settings/shares/new?report={year}"
    assert share in {link.attributes.get("href") for link in report.all("a")}
    made = member.submit(member.page(share), "/settings/shares", days="7")
    assert made.status_code == 200
    link = next(
        value
        for tag in markup.read(made.text).all("input")
        if "/shared/" in (value := tag.attributes.get("value", ""))
    )
    stranger = site.visitor()
    path = link[link.index("/shared/") :]
    assert str(year) in stranger.page(path).one("title").text
    shares = member.page("/settings/shares")
    (end,) = (form for form in shares.all("form") if form.attributes["action"].endswith("/end"))
    assert member.submit(shares, end.attributes["action"]).status_code == 303
    assert stranger.get(path).status_code == 404
