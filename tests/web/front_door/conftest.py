"""The front door with a Spotify behind it that follows the contract, over real HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from werkzeug.test import TestResponse

from audiospective.models import Connection, User
from audiospective.sandbox import SandboxServer
from tests.web.conftest import MakeSite, Site, Visitor


@pytest.fixture
def sandbox() -> Iterator[SandboxServer]:
    """A practice Spotify with alice, bob and charlie."""
    with SandboxServer() as server:
        for name in ("alice", "bob", "charlie"):
            server.control.make_listener(name, display_name=name.title())
        yield server


@dataclass
class Door:
    """The site and its Spotify."""

    site: Site
    sandbox: SandboxServer

    @property
    def control(self) -> Any:
        return self.sandbox.control

    def leave_for_spotify(self, browser: Visitor, **query: str) -> str:
        """Press Connect; the address at Spotify that the browser is sent to."""
        answer = browser.get("/connect", query_string=query)
        assert answer.status_code == 302, answer.text[:500]
        return str(answer.headers["Location"])

    def come_back(
        self, browser: Visitor, address: str, listener: str = "alice", allow: bool = True
    ) -> TestResponse:
        """Decide on Spotify's page and follow it back here."""
        back = self.control.consent(address, listener, allow)
        return browser.get(back.removeprefix(self.site.services.settings.base_url))

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
def make_door(make_site: MakeSite, sandbox: SandboxServer) -> Any:
    def run(**more: Any) -> Door:
        site = make_site(
            spotify_accounts_url=sandbox.accounts_url,
            spotify_api_url=sandbox.api_url,
            resend_api_url=sandbox.mail_url,
            resend_api_key="re_test",
            **more,
        )
        return Door(site, sandbox)

    return run


@pytest.fixture
def door(make_door: Any) -> Door:
    """The front door with ordinary settings."""
    return make_door()
