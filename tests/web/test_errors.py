"""Error pages: the right status, plain words, one thing to do, a reference, no inner matters."""

from __future__ import annotations

import logging
import re

import pytest
from flask import abort
from peewee import OperationalError
from werkzeug.exceptions import MethodNotAllowed, TooManyRequests

from audiospective.web.context import viewer
from audiospective.web.errors import WORDS
from tests.factories import make_user
from tests.web import markup
from tests.web.conftest import MakeSite, Site

CODES = [400, 401, 403, 404, 405, 409, 413, 422, 429, 503]


@pytest.fixture
def failing(make_site: MakeSite) -> Site:
    """A site with addresses that fail as they are told to."""
    site = make_site()

    @site.app.route("/fail/<int:code>")
    def fail(code: int) -> str:
        abort(code)

    @site.app.route("/fail/waits")
    def waits() -> str:
        raise TooManyRequests(retry_after=90)

    @site.app.route("/fail/method")
    def method() -> str:
        raise MethodNotAllowed(["GET"])

    @site.app.route("/fail/crash")
    def crash() -> str:
        raise RuntimeError("secret of the inside")

    @site.app.route("/fail/database")
    def database() -> str:
        viewer()
        raise OperationalError("no answer from secret-host")

    return site


TOKEN = "b0a5f1c2d3e4f5a6b7c8d9e0f1a2b3c4"


@pytest.mark.parametrize(
    ("method", "address", "code"),
    [
        ("GET", f"/sign-in/link/{TOKEN}/", 404),
        ("GET", f"/sign-in/link/{TOKEN}/more", 404),
        ("GET", f"/sign-in/lnik/{TOKEN}", 404),
        ("GET", f"/{TOKEN}", 404),
        ("GET", f"//{TOKEN}/x", 404),
        ("PUT", f"/sign-in/link/{TOKEN}", 405),
        ("DELETE", f"/waitlist/leave/{TOKEN}", 405),
        ("POST", f"/reconnect/{TOKEN}", 405),
        ("POST", f"/sign-in/link/{TOKEN}", 400),
    ],
)
def test_a_refused_address_leaves_no_token_in_the_log(
    site: Site, caplog: pytest.LogCaptureFixture, method: str, address: str, code: int
) -> None:
    caplog.set_level(logging.DEBUG)
    assert site.visitor().open(address, method=method).status_code == code
    said = "\n".join(f"{record.getMessage()} {record.__dict__}" for record in caplog.records)
    assert f"'status': {code}" in said
    assert TOKEN not in said


@pytest.mark.parametrize("address", ["//evil.example", "//evil.example/x", "///evil.example"])
@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}, {"SCRIPT_NAME": "//evil.example"}])
def test_no_address_makes_a_link_to_another_host(
    failing: Site, address: str, headers: dict[str, str]
) -> None:
    for path in (address, f"{address}/fail/429", f"{address}/sign-in", "/fail/429", "/fail/401"):
        overrides = {"SCRIPT_NAME": headers["SCRIPT_NAME"]} if "SCRIPT_NAME" in headers else {}
        answer = failing.visitor().get(
            path, headers={**headers, "Referer": f"http:{address}"}, environ_overrides=overrides
        )
        assert "//evil" not in answer.headers.get("Location", "")
        assert "//evil" not in answer.headers.get("HX-Redirect", "")
        for link in re.findall(r'(?:href|action|src)="([^"]*)"', answer.text):
            assert not link.startswith(("//", "/\\")), link
            assert "evil" not in link


def test_a_script_name_from_outside_begins_no_link(site: Site) -> None:
    answer = site.visitor().get("/sign-in", environ_overrides={"SCRIPT_NAME": "//evil.example"})
    assert answer.status_code == 200
    assert "evil" not in answer.text


@pytest.mark.parametrize("code", CODES)
def test_each_error_has_a_page_of_its_own(failing: Site, code: int) -> None:
    page = failing.visitor().page(f"/fail/{code}", code)
    words = WORDS[code]
    assert page.one("h1").text == words.title
    assert words.text in page.text
    assert "Saving your plays goes on" in page.text
    assert page.one("a", class_="button button-primary").text == words.action
    assert re.fullmatch(r"[0-9a-f]{8}", page.one("code").text)


@pytest.mark.parametrize("code", CODES)
def test_a_fragment_gets_one_plain_line(failing: Site, code: int) -> None:
    answer = failing.visitor().fragment(f"/fail/{code}")
    assert answer.status_code == code
    assert answer.mimetype == "text/plain"
    assert answer.text.startswith(WORDS[code].title)
    assert "\n" not in answer.text
    assert len(answer.text) < 300


def test_a_crash_shows_a_reference_that_the_log_has_too(
    failing: Site, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        answer = failing.visitor().get("/fail/crash")
    assert answer.status_code == 500
    assert "secret" not in answer.text
    page = markup.read(answer.text)
    assert markup.faults(page) == []
    reference = page.one("code").text
    assert re.fullmatch(r"[0-9a-f]{8}", reference)
    events = [getattr(record, "event", {}) for record in caplog.records]
    assert any(event.get("reference") == reference for event in events)
    assert "secret of the inside" in caplog.text


def test_the_page_of_a_crash_needs_neither_database_nor_session(
    failing: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    from audiospective import models

    member = failing.member(make_user())

    def nothing(*_: object, **__: object) -> None:
        raise OperationalError("no answer from secret-host")

    with monkeypatch.context() as patch:
        patch.setattr(models.database.obj, "execute_sql", nothing)
        crash = member.get("/fail/database")
        lost = member.get("/nowhere")
    assert crash.status_code == 500
    assert "secret-host" not in crash.text
    assert lost.status_code == 404  # an error page asks nobody who is there


def test_a_crash_in_a_fragment_is_one_line(failing: Site) -> None:
    answer = failing.visitor().fragment("/fail/crash")
    assert (answer.status_code, answer.mimetype) == (500, "text/plain")
    assert "secret" not in answer.text


def test_waiting_times_and_methods_are_passed_on(failing: Site) -> None:
    visitor = failing.visitor()
    assert visitor.get("/fail/429").headers["Retry-After"] == "60"
    assert visitor.get("/fail/503").headers["Retry-After"] == "60"
    assert visitor.get("/fail/waits").headers["Retry-After"] == "90"
    assert visitor.get("/fail/method").headers["Allow"] == "GET"


def test_signing_in_leads_back_to_the_page(failing: Site) -> None:
    page = failing.visitor().page("/fail/401", 401)
    target = page.one("a", class_="button button-primary").attributes["href"]
    assert target == "/connect?next=%2Ffail%2F401"


@pytest.mark.parametrize(
    ("current", "target"),
    [
        ("http://127.0.0.1:8000/dashboard?a=1", "/dashboard?a=1"),
        ("https://evil.example/dashboard", "/"),
        ("http://127.0.0.1:8000//evil.example", "/"),
        ("", "/"),
    ],
)
def test_a_fragment_without_a_session_turns_the_whole_page(
    failing: Site, current: str, target: str
) -> None:
    answer = failing.visitor().fragment("/fail/401", **{"HX-Current-URL": current})
    assert answer.headers["HX-Redirect"] == target


@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}])
def test_a_button_pressed_after_the_session_is_gone_says_so(
    site: Site, headers: dict[str, str]
) -> None:
    browser = site.visitor()
    answer = browser.post(
        "/connection/check",
        headers={
            "Referer": "http://127.0.0.1:8000/dashboard",
            "HX-Current-URL": "http://127.0.0.1:8000/dashboard",
            **headers,
        },
    )
    target = answer.headers["HX-Redirect" if headers else "Location"]
    assert answer.status_code == (401 if headers else 303)
    assert target == "/sign-in?next=%2Fdashboard"
    assert "You were signed out meanwhile" in browser.page(target).text


def test_a_stale_form_leads_back_to_where_it_was(failing: Site) -> None:
    visitor = failing.visitor()
    answer = visitor.post(
        "/theme", data={"theme": "dark"}, headers={"Referer": "http://127.0.0.1:8000/_components"}
    )
    page = markup.read(answer.text)
    assert page.one("h1").text == "This page was open too long"
    assert page.one("a", class_="button button-primary").attributes["href"] == "/_components"
    foreign = visitor.post("/theme", headers={"Referer": "http://evil.example/x"})
    home = markup.read(foreign.text).one("a", class_="button button-primary")
    assert home.attributes["href"] == "/"


def test_a_strange_address_is_shown_harmlessly(failing: Site) -> None:
    answer = failing.visitor().get('/"><script>alert(1)</script>')
    assert answer.status_code == 404
    assert "<script>alert" not in answer.text
