"""The rate limit of an app and the quota of its developer."""

from __future__ import annotations

import pytest

from audiospective.sandbox import Control
from audiospective.sandbox.apps import App
from audiospective.sandbox.throttles import Throttles
from tests.sandbox.conftest import Client


@pytest.mark.parametrize(
    ("calls", "at", "wait"),
    [
        ([], 0, None),
        ([0, 1000], 2000, None),
        ([0, 1000, 2000], 3000, "27"),
        ([0, 1000, 2000], 29_001, "1"),
        ([0, 1000, 2000], 30_000, None),
        ([0, 0, 0], 29_999, "1"),
    ],
)
def test_three_calls_fit_into_any_thirty_seconds(
    calls: list[int], at: int, wait: str | None
) -> None:
    limits, app = Throttles(), App(rate_limit=3)
    for moment in calls:
        assert limits.refuse(app, moment) is None
    refused = limits.refuse(app, at)
    assert (refused.headers["Retry-After"] if refused else None) == wait


def test_the_rate_limit_is_an_apps_own(client: Client, control: Control) -> None:
    control.freeze()
    control.set_app(rate_limit=2)
    control.make_app("other", "other-secret")
    other = Client(client.sandbox, client.session, control.mint("alice", app="other"))
    assert [client.get("/me").status_code for _ in range(3)] == [200, 200, 429]
    answer = client.get("/me")
    assert answer.headers["Retry-After"] == "30"
    assert answer.json()["error"]["message"] == "API rate limit exceeded"
    assert other.get("/me").status_code == 200
    control.advance(seconds=30)
    assert client.get("/me").status_code == 200


def test_the_quota_is_shared_by_the_apps_of_one_developer(client: Client, control: Control) -> None:
    control.freeze()
    control.set_app(quota=2)
    control.make_app("other", "other-secret", quota=2)
    control.make_app("stranger", "s", quota=2, developer="somebody else")
    other, stranger = (
        Client(client.sandbox, client.session, control.mint("alice", app=app))
        for app in ("other", "stranger")
    )
    assert client.get("/me").status_code == other.get("/me").status_code == 200
    answer = other.get("/me")
    assert answer.status_code == 429
    assert answer.json()["error"]["reason"] == "QUOTA_EXCEEDED"
    assert answer.headers["Retry-After"] == "86400"
    assert stranger.get("/me").status_code == 200
