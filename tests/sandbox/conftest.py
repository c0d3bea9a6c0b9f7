"""A sandbox with alice in it, and her way to ask it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import requests

from audiospective.sandbox import CLIENT_ID, CLIENT_SECRET, Control, SandboxServer


@dataclass
class Client:
    """Somebody's tokens and a connection."""

    sandbox: SandboxServer
    session: requests.Session
    tokens: dict[str, Any]

    def get(self, path: str, **params: object) -> requests.Response:
        return self.session.get(
            self.sandbox.api_url + path,
            params=params,
            headers={"Authorization": f"Bearer {self.tokens['access_token']}"},
            timeout=60,
        )

    def recent(self, **params: object) -> requests.Response:
        return self.get("/me/player/recently-played", **params)

    def token(self, auth: tuple[str, str] | None = (CLIENT_ID, CLIENT_SECRET), **form: str) -> Any:
        return self.session.post(
            self.sandbox.accounts_url + "/api/token", data=form, auth=auth, timeout=60
        )

    def refresh(self) -> Any:
        return self.token(grant_type="refresh_token", refresh_token=self.tokens["refresh_token"])


def api(status: int, message: str, **more: str) -> dict[str, Any]:
    """An error in the Web API's shape."""
    return {"error": {"status": status, "message": message, **more}}


def refused(answer: Any) -> tuple[int, str, str]:
    """Status, error and description of an answer in OAuth's own shape."""
    body = answer.json()
    assert set(body) == {"error", "error_description"}
    return answer.status_code, body["error"], body["error_description"]


@pytest.fixture
def sandbox() -> Iterator[SandboxServer]:
    with SandboxServer() as running:
        yield running


@pytest.fixture
def control(sandbox: SandboxServer) -> Control:
    return sandbox.control


@pytest.fixture
def session() -> Iterator[requests.Session]:
    with requests.Session() as open_session:
        yield open_session


@pytest.fixture
def client(sandbox: SandboxServer, session: requests.Session) -> Client:
    sandbox.control.make_listener("alice", display_name="Alice")
    return Client(sandbox, session, sandbox.control.mint("alice"))
