"""Many callers at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import requests

from audiospective.sandbox import CLIENT_ID, CLIENT_SECRET, Control, SandboxServer


def test_fifty_callers_at_once_get_their_own_plays(
    sandbox: SandboxServer, control: Control
) -> None:
    people = control.make_listeners(50, habit="steady")
    tokens = control.mint_many(people)

    def read(mine: dict[str, Any]) -> list[str]:
        with requests.Session() as session:
            for _ in range(3):
                answer = session.get(
                    f"{sandbox.api_url}/me/player/recently-played?limit=50",
                    headers={"Authorization": f"Bearer {mine['access_token']}"},
                    timeout=30,
                )
            return [item["played_at"] for item in answer.json()["items"]]

    with ThreadPoolExecutor(16) as pool:
        pages = list(pool.map(read, tokens))
    for person, page in zip(people, pages, strict=True):
        assert page == [play["played_at"] for play in control.plays(person, "offered")[::-1]]
    assert control.calls("recently-played", status=200) == 150


def test_of_many_refreshes_of_one_rotating_token_one_wins(
    sandbox: SandboxServer, control: Control
) -> None:
    control.set_app(rotation="always")
    control.make_listener("alice")
    form = {
        "grant_type": "refresh_token", "refresh_token": control.mint("alice")["refresh_token"],
    }  # fmt: skip

    def refresh(_: int) -> int:
        return requests.post(
            f"{sandbox.url}/api/token", data=form, auth=(CLIENT_ID, CLIENT_SECRET), timeout=30
        ).status_code

    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(refresh, range(16)))
    assert sorted(statuses) == [200] + [400] * 15


def test_one_code_redeemed_by_many_at_once_works_once(
    sandbox: SandboxServer, control: Control
) -> None:
    control.make_listener("alice")
    place = control.consent(
        f"{sandbox.url}/authorize?client_id={CLIENT_ID}&response_type=code"
        "&redirect_uri=http://127.0.0.1:1/callback",
        "alice",
    )
    form = {
        "grant_type": "authorization_code", "code": place.partition("code=")[2],
        "redirect_uri": "http://127.0.0.1:1/callback",
    }  # fmt: skip

    def redeem(_: int) -> int:
        return requests.post(
            f"{sandbox.url}/api/token", data=form, auth=(CLIENT_ID, CLIENT_SECRET), timeout=30
        ).status_code

    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(redeem, range(16)))
    assert sorted(statuses) == [200] + [400] * 15
    assert len(control.grants("alice")) == 1
