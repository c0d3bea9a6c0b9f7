"""The application as a browser meets it, without a browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from audiospective import models
from audiospective.accounts import sessions
from audiospective.app import create_app
from audiospective.models import Connection, User, dialects
from audiospective.policy.sessions import SPOTIFY
from audiospective.sandbox import SandboxServer
from audiospective.services import Services
from audiospective.settings import Settings
from audiospective.web import throttle
from tests.fixtures import make_settings
from tests.support.redis import hang_up
from tests.web import markup
from tests.web.markup import Tag


class Visitor(FlaskClient):
    """A browser without script: it keeps cookies and fills in the forms it is shown."""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        kwargs.setdefault(
            "base_url", self.application.extensions["audiospective"].settings.base_url
        )
        return super().open(*args, **kwargs)

    def sign_in(self, user: User, way: str = SPOTIFY) -> Visitor:
        """Hold a session of `user`, begun just now."""
        base_url = self.application.extensions["audiospective"].settings.base_url
        with self.session_transaction(base_url=base_url) as session:
            session["_user_id"] = sessions.begin(User.get_by_id(user.id), way, "Test browser")
            session["_fresh"] = True
            session.permanent = True
        return self

    def page(self, address: str, status: int = 200) -> Tag:
        """The page at `address` as a tree; its markup must be as the house wants it."""
        answer = self.get(address)
        assert answer.status_code == status, answer.text[:2000]
        tree = markup.read(answer.text)
        assert markup.faults(tree) == []
        return tree

    def fragment(self, address: str, **headers: str) -> TestResponse:
        """What htmx gets at `address`."""
        return self.get(address, headers={"HX-Request": "true", **headers})

    def submit(self, page: Tag, action: str, **values: str) -> TestResponse:
        """Send the form on `page` that leads to `action`, with what it holds and `values`."""
        form = page.one("form", action=action)
        fields = {
            tag.attributes["name"]: tag.attributes.get("value", "")
            for tag in form.all("input")
            if tag.attributes.get("type") == "hidden"
        }
        base_url = self.application.extensions["audiospective"].settings.base_url
        return self.post(action, data={**fields, **values}, headers={"Referer": f"{base_url}/"})


@dataclass
class Site:
    """One application with its services, and the people who come to it."""

    app: Flask
    services: Services

    def visitor(self) -> Visitor:
        """Somebody new, with no cookies."""
        client = self.app.test_client()
        assert isinstance(client, Visitor)
        return client

    def member(self, user: User) -> Visitor:
        return self.visitor().sign_in(user)


MakeSite = Callable[..., Site]


@pytest.fixture
def make_site(
    tmp_path: Path,
    redis_url: str,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[MakeSite]:
    """Build a site: `make_site(base_url="https://…")`; on SQLite unless `database_url` is given."""
    # A Redis that a test before took away is not asked again for a while.
    monkeypatch.setattr(throttle, "_counters", throttle.Counters())
    built: list[Site] = []

    def run(**more: Any) -> Site:
        url = more.pop("database_url", None) or request.getfixturevalue("sqlite_database_url")
        settings: Settings = make_settings(
            tmp_path / "home", url, more.pop("redis_url", redis_url), **more
        )
        app = create_app(settings)
        app.test_client_class = Visitor
        built.append(Site(app, app.extensions["audiospective"]))
        if models.database.is_closed():
            models.database.connect()
        return built[-1]

    yield run
    for site in built:
        hang_up(site.services.redis)
        close_all = getattr(site.services.database, "close_all", site.services.database.close)
        close_all()


@pytest.fixture
def site(make_site: MakeSite) -> Site:
    """A site with ordinary settings."""
    return make_site()


@pytest.fixture
def queries(site: Site, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every statement that reaches the database from now on."""
    found: list[str] = []
    run = models.database.obj.execute_sql

    def noted(sql: str, *args: Any, **kwargs: Any) -> Any:
        found.append(sql)
        return run(sql, *args, **kwargs)

    monkeypatch.setattr(models.database.obj, "execute_sql", noted)
    return found


@pytest.fixture
def statements(queries: list[str], monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The same with those that the catalog and the archive write by hand."""
    run = dialects.run

    def noted(sql: str, *args: Any) -> Any:
        queries.append(sql)
        return run(sql, *args)

    monkeypatch.setattr(dialects, "run", noted)
    return queries


@pytest.fixture
def visitor(site: Site) -> Visitor:
    """A stranger on the ordinary site."""
    return site.visitor()


@pytest.fixture
def sandbox() -> Iterator[SandboxServer]:
    """A Spotify sandbox with alice, bob and charlie."""
    with SandboxServer() as server:
        for name in ("alice", "bob", "charlie"):
            server.control.make_listener(name, display_name=name.title())
        yield server


def ending(browser: Visitor, answer: TestResponse) -> TestResponse:
    """The answer of a callback, or the page without a code that it leads to."""
    ended = answer.headers.get("Location") == "/connect/ended"
    return browser.get("/connect/ended") if ended else answer


@dataclass
class LiveSite:
    """A site and the sandbox through which people sign in."""

    site: Site
    sandbox: SandboxServer

    @property
    def control(self) -> Any:
        return self.sandbox.control

    def leave_for_spotify(self, browser: Visitor, **query: str) -> str:
        """Press Connect; the address at Spotify that the browser is sent to."""
        answer = browser.get("/connect", query_string=query)
        if "intent=attach" in answer.text:  # asked first whether this is the right archive
            answer = browser.get("/connect", query_string={**query, "intent": "attach"})
        assert answer.status_code == 302, answer.text[:500]
        return str(answer.headers["Location"])

    def come_back(
        self, browser: Visitor, address: str, listener: str = "alice", allow: bool = True
    ) -> TestResponse:
        """Decide on Spotify's page and follow it back here, to the page that says how it ended."""
        back = self.control.consent(address, listener, allow)
        answer = browser.get(back.removeprefix(self.site.services.settings.base_url))
        return ending(browser, answer)

    def connect(self, browser: Visitor, listener: str = "alice", **query: str) -> TestResponse:
        return self.come_back(browser, self.leave_for_spotify(browser, **query), listener)

    def newcomer(self, listener: str = "alice") -> Visitor:
        """A browser whose person has just joined."""
        browser = self.site.visitor()
        answer = self.connect(browser, listener)
        assert answer.headers.get("Location") == "/welcome", answer.text[:500]
        return browser

    def user(self, listener: str = "alice") -> User:
        return User.get(User.spotify_id == listener)

    def connection(self, listener: str = "alice") -> Connection:
        return Connection.get(Connection.user == self.user(listener))


@pytest.fixture
def make_live(make_site: MakeSite, sandbox: SandboxServer) -> Any:
    def run(**more: Any) -> LiveSite:
        site = make_site(
            spotify_accounts_url=sandbox.accounts_url,
            spotify_api_url=sandbox.api_url,
            resend_api_url=sandbox.mail_url,
            resend_api_key="re_test",
            **more,
        )
        return LiveSite(site, sandbox)

    return run


@pytest.fixture
def live(make_live: Any) -> LiveSite:
    """A live site with ordinary settings."""
    return make_live()
