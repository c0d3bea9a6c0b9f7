"""A site on a port of its own for the browser, and people who are already signed in."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page
from werkzeug.serving import make_server

from audiospective.accounts import sessions
from audiospective.models import User
from audiospective.policy.sessions import SPOTIFY
from tests.support.browser import OpenPage
from tests.support.processes import free_port
from tests.web.conftest import MakeSite, Site, make_site

__all__ = ["make_site"]


class House:
    """A running site."""

    def __init__(self, site: Site, url: str) -> None:
        self.site = site
        self.services = site.services
        self.url = url

    def cookie(self, user: User, way: str = SPOTIFY) -> dict[str, Any]:
        """What a browser holds in which `user` signed in just now, by `way`."""
        app = self.site.app
        serializer = app.session_interface.get_signing_serializer(app)  # type: ignore[attr-defined]
        value = serializer.dumps(
            {
                "_user_id": sessions.begin(User.get_by_id(user.id), way, "Test browser"),
                "_fresh": True,
                "_permanent": True,
            }
        )
        return {"name": app.config["SESSION_COOKIE_NAME"], "value": value, "url": self.url}


MakeHouse = Callable[..., House]


@pytest.fixture
def make_house(make_site: MakeSite) -> Iterator[MakeHouse]:
    """Start a site: `make_house(sandbox=True)`; other keywords are fields of the settings."""
    servers: list[Any] = []

    def run(**more: Any) -> House:
        port = free_port()
        site = make_site(base_url=f"http://127.0.0.1:{port}", **more)
        server = make_server("127.0.0.1", port, site.app, threaded=True)
        servers.append(server)
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        return House(site, f"http://127.0.0.1:{port}")

    yield run
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def house(make_house: MakeHouse) -> House:
    """A running site with ordinary settings."""
    return make_house()


Visit = Callable[..., Page]


@pytest.fixture
def visit(house: House, open_page: OpenPage) -> Visit:
    """Open a page of the house: `visit("/dashboard", user, "no-js")`."""

    def run(address: str, user: User | None = None, *modes: str, **options: Any) -> Page:
        page = open_page(*modes, base_url=house.url, **options)
        if user is not None:
            page.context.add_cookies([house.cookie(user)])  # type: ignore[list-item]
        page.goto(address)
        return page

    return run
