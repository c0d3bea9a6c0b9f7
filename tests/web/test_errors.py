"""Error pages: the right status, plain words, one thing to do, a reference, no inner matters."""

from __future__ import annotations

import logging
import re
import sqlite3

import pytest
from flask import abort
from peewee import Database, OperationalError, _WriteQuery
from redis.exceptions import (
    ClusterDownError,
    MasterDownError,
    NoPermissionError,
    OutOfMemoryError,
    ReadOnlyError,
    ResponseError,
)
from redis.exceptions import ConnectionError as RedisConnectionError
from werkzeug.exceptions import MethodNotAllowed, TooManyRequests

from audiospective import clock
from audiospective.accounts import sessions
from audiospective.models import database
from audiospective.models.marks import Mark
from audiospective.web import repeated_faults
from audiospective.web.context import viewer
from audiospective.web.errors import AWAY, FULL, GOES_ON, REDIS_AWAY, SENT, WORDS, Words
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
    assert GOES_ON not in page.text  # a stranger has no plays here
    assert page.one("a", class_="button button-primary").text == words.action
    assert re.fullmatch(r"[0-9a-f]{8}", page.one("code").text)


@pytest.mark.parametrize("address", ["/fail/404", "/fail/429", "/fail/crash"])
def test_only_whoever_has_an_archive_reads_what_becomes_of_it(failing: Site, address: str) -> None:
    assert GOES_ON in failing.member(make_user()).get(address).text
    assert "plays are saved" not in failing.visitor().get(address).text


@pytest.mark.parametrize("words", [AWAY, REDIS_AWAY, FULL])
def test_what_becomes_of_plays_is_true_in_a_pause_as_well(words: Words) -> None:
    """Pages of errors do not look up who is there; a member may have paused, or never connected."""
    assert "as before" in words.goes_on
    assert "Spotify" not in words.goes_on


def test_of_a_database_that_is_away_a_stranger_reads_nothing_about_plays(failing: Site) -> None:
    said = failing.visitor().get("/fail/database").text
    assert AWAY.title in said
    assert AWAY.goes_on not in said


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/fail/429", "Wait a minute, then try again."),
        ("/fail/waits", "Wait 2 minutes, then try again."),
        ("/fail/day", "Wait 14 hours, then try again."),
    ],
)
def test_whoever_tried_too_often_reads_how_long_to_wait(
    failing: Site, path: str, said: str
) -> None:
    @failing.app.route("/fail/day")
    def day() -> str:
        raise TooManyRequests(retry_after=50_000)

    visitor = failing.visitor()
    assert said in visitor.page(path, 429).text
    assert said in visitor.fragment(path).text


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


def test_the_page_while_the_database_is_away_needs_neither_database_nor_session(
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
    assert (crash.status_code, crash.headers["Retry-After"]) == (503, "60")
    page = markup.read(crash.text)
    assert markup.faults(page) == []
    assert page.one("h1").text == AWAY.title
    assert AWAY.goes_on in page.text
    assert GOES_ON not in page.text  # polls need the database as well
    assert "secret-host" not in crash.text
    assert lost.status_code == 404  # an error page asks nobody who is there


class UnsavedError(ResponseError):
    """What a Redis answers that cannot save to its disk; the client has no class for it."""

    def __str__(self) -> str:
        return f"MISCONF Redis is configured to save RDB snapshots, but it's unable to: {self.args}"


class AloneError(ResponseError):
    """What a Redis answers that has too few copies; the client has no class for it, either."""

    def __str__(self) -> str:
        return f"NOREPLICAS Not enough good replicas to write. {self.args}"


AWAYS = {
    OperationalError: AWAY,
    RedisConnectionError: REDIS_AWAY,
    ReadOnlyError: REDIS_AWAY,
    MasterDownError: REDIS_AWAY,
    OutOfMemoryError: REDIS_AWAY,
    ClusterDownError: REDIS_AWAY,
    NoPermissionError: REDIS_AWAY,
    UnsavedError: REDIS_AWAY,
    AloneError: REDIS_AWAY,
}


@pytest.fixture(params=AWAYS)
def kind(request: pytest.FixtureRequest) -> type[Exception]:
    found: type[Exception] = request.param
    return found


@pytest.fixture
def away(kind: type[Exception], failing: Site) -> Site:
    """A site whose every address of one kind meets a database, or a Redis, that is away."""

    def stop() -> None:
        raise kind("no answer from secret-host")

    failing.app.add_url_rule("/api/v1/away", "api_away", stop)
    failing.app.add_url_rule("/1/away", "listens_away", stop)
    failing.app.add_url_rule("/away", "away", stop, methods=["GET", "POST"])
    return failing


def test_what_is_away_is_said_in_the_form_that_was_asked_for(
    away: Site, kind: type[Exception]
) -> None:
    visitor = away.visitor()
    answers = [
        visitor.page("/away", 503) and visitor.get("/away"),
        visitor.fragment("/away"),
        visitor.get("/api/v1/away"),
        visitor.get("/1/away"),
    ]
    assert [(one.status_code, one.headers["Retry-After"]) for one in answers] == [(503, "60")] * 4
    assert [one.mimetype for one in answers] == [
        "text/html", "text/plain", "application/problem+json", "application/json",
    ]  # fmt: skip
    assert not any("secret-host" in one.text for one in answers)
    assert answers[1].text.startswith(AWAYS[kind].title)


def full(kind: type[BaseException], **fields: object) -> OperationalError:
    """What Peewee raises for what a driver raised."""
    found = OperationalError("no room in secret-folder")
    cause = kind("full")
    for name, value in fields.items():
        setattr(cause, name, value)
    found.orig = cause
    return found


def test_a_full_disk_is_said_as_what_it_is_and_only_what_writes_meets_it(
    make_site: MakeSite, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    site = make_site()
    member = site.member(make_user())
    raised = full(sqlite3.OperationalError, sqlite_errorcode=sqlite3.SQLITE_FULL)
    whole = Database.execute

    def execute(self: Database, query: object, *rest: object, **more: object) -> object:
        if isinstance(query, _WriteQuery):
            raise raised
        return whole(self, query, *rest, **more)

    def write() -> str:
        Mark.put("a form", clock.now())
        return "written"

    site.app.add_url_rule("/write", "write", write, methods=["GET", "POST"])
    site.app.config["WTF_CSRF_ENABLED"] = False
    monkeypatch.setattr(Database, "execute", execute)
    monkeypatch.setattr(sessions.rules, "to_note", lambda *_: True)  # as once an hour
    assert member.get("/dashboard").status_code == 200
    for answer in (member.get("/write"), member.post("/write")):
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "60")
        page = markup.read(answer.text)
        assert page.one("h1").text == FULL.title
        assert "nothing was changed" in page.text
        assert SENT.strip() not in page.text
        assert "secret-folder" not in answer.text
    assert [one.msg for one in caplog.records if one.levelname == "ERROR"] == ["database_full"]


def test_an_outage_is_one_line_and_then_a_count_a_minute(
    failing: Site, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.ERROR)
    now = 1_000.0
    monkeypatch.setattr(repeated_faults.clock, "monotonic", lambda: now)
    visitor = failing.visitor()

    def met() -> list[tuple[str, int]]:
        return [(one.msg, one.event.get("again", 0)) for one in caplog.records]

    answers = [visitor.get("/fail/database") for _ in range(5)]
    assert met() == [("database_away", 0)]
    (reference,) = {markup.read(answer.text).one("code").text for answer in answers}
    assert caplog.records[0].event["reference"] == reference
    now += 59
    visitor.get("/healthz")
    assert len(met()) == 1
    now += 1
    visitor.get("/healthz")
    visitor.get("/healthz")
    assert met()[1:] == [("database_away", 4)]
    assert caplog.records[1].event["reference"] == reference
    now += 60
    visitor.get("/fail/database")
    assert met()[2:] == [("database_away", 0)]


def test_whoever_sent_something_to_a_database_that_is_away_looks_before_sending_it_again(
    away: Site,
) -> None:
    away.app.config["WTF_CSRF_ENABLED"] = False
    sent = away.visitor().post("/away")
    assert sent.status_code == 503
    assert SENT.strip() in sent.text
    assert SENT.strip() not in away.visitor().get("/away").text


def test_pages_come_back_with_the_first_request_after_the_database_cut_one_off(
    make_site: MakeSite, postgres_database_url: str
) -> None:
    site = make_site(database_url=postgres_database_url)
    member = site.member(make_user())

    def cut() -> None:
        database.execute_sql("SELECT pg_terminate_backend(pg_backend_pid())")

    site.app.add_url_rule("/cut", "cut", cut)
    database.close()  # from here on each request has a connection of its own, out of the pool
    answer = member.get("/cut")
    assert (answer.status_code, answer.headers.get("Retry-After")) == (503, "60")
    assert member.get("/dashboard").status_code == 200


def test_a_fault_of_ours_in_the_database_stays_one(failing: Site) -> None:
    def missing_table() -> None:
        database.execute_sql("SELECT * FROM nowhere")

    failing.app.add_url_rule("/missing", "missing", missing_table)
    assert failing.visitor().get("/missing").status_code == 500


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
    assert target == "/sign-in?next=%2Ffail%2F401"


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
