"""`GET /v1/me/player/recently-played` over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from audiospective.sandbox import Control
from tests.sandbox.conftest import Client

STEP = 180_000


@pytest.fixture
def played(client: Client, control: Control) -> list[int]:
    """Sixty plays; played[n] is when P<n> ended."""
    found = control.burst("alice", 60, seconds_apart=STEP / 1000)
    return [0] + [play["played_ms"] for play in found]


def ends(answer: dict[str, Any], played: list[int]) -> list[int]:
    from audiospective.sandbox.clock import to_ms

    return [played.index(to_ms(item["played_at"])) for item in answer["items"]]


@pytest.mark.parametrize(
    ("query", "newest", "oldest", "follow"),
    [
        ({"limit": 50}, 60, 11, "before=P11&limit=50"),
        ({"limit": 50, "before": "P11"}, None, None, None),
        ({"limit": 20}, 60, 41, "before=P41&limit=20"),
        ({}, 60, 41, "before=P41&limit=20"),
        ({"after": "P58", "limit": 50}, 60, 59, "after=P60&limit=50"),
        ({"after": "P60", "limit": 50}, None, None, None),
        ({"after": "0", "limit": 20}, 30, 11, "after=P30&limit=20"),
        ({"before": "P11"}, None, None, None),
        ({"after": "P60"}, None, None, None),
        ({"limit": 1}, 60, 60, "before=P60&limit=1"),
    ],
)
def test_every_vector_of_the_contract_holds(
    client: Client,
    played: list[int],
    query: dict[str, Any],
    newest: int | None,
    oldest: int | None,
    follow: str | None,
) -> None:
    def concrete(text: str) -> str:
        for number in range(60, 0, -1):
            text = text.replace(f"P{number}", str(played[number]))
        return text

    answer = client.recent(**{name: concrete(str(value)) for name, value in query.items()}).json()
    assert answer["limit"] == int(query.get("limit", 20))
    if newest is None or oldest is None:
        assert (answer["items"], answer["cursors"], answer["next"]) == ([], None, None)
        return
    assert ends(answer, played) == list(range(newest, oldest - 1, -1))
    assert answer["cursors"] == {"after": str(played[newest]), "before": str(played[oldest])}
    assert follow is not None
    address = f"{client.sandbox.api_url}/me/player/recently-played?{concrete(follow)}"
    assert answer["next"] == address


def test_the_follow_up_of_the_last_page_exists_and_is_empty(
    client: Client, played: list[int]
) -> None:
    first = client.recent(limit=50).json()
    rest = client.session.get(
        first["next"], headers={"Authorization": f"Bearer {client.tokens['access_token']}"}
    ).json()
    assert rest == {
        "items": [], "next": None, "cursors": None, "limit": 50, "href": first["next"],
    }  # fmt: skip


def test_the_address_is_echoed(client: Client) -> None:
    bare = f"{client.sandbox.api_url}/me/player/recently-played"
    assert client.recent().json()["href"] == bare
    assert client.recent(limit=3, after=7).json()["href"] == f"{bare}?limit=3&after=7"


@pytest.mark.parametrize(
    "query",
    [
        {"limit": 51}, {"limit": 0}, {"limit": -1}, {"limit": "ten"}, {"limit": ""},
        {"after": 1, "before": 2}, {"after": "yesterday"}, {"before": "-5"}, {"after": "9" * 19},
    ],
)  # fmt: skip
def test_parameters_out_of_range_are_answered_with_400(
    client: Client, query: dict[str, object]
) -> None:
    answer = client.recent(**query)
    assert answer.status_code == 400
    assert answer.json()["error"]["status"] == 400


def test_an_item_has_the_documented_shape(client: Client, control: Control) -> None:
    track = control.tracks(1)[0]
    control.play("alice", track=track, played_at="2026-11-21T18:42:07.513Z")
    (item,) = client.recent().json()["items"]
    assert set(item) == {"track", "played_at", "context"}
    assert item["played_at"] == "2026-11-21T18:42:07.513Z"
    assert item["context"] is None
    assert set(item["track"]) == {
        "album", "artists", "disc_number", "duration_ms", "explicit", "external_ids",
        "external_urls", "href", "id", "is_local", "name", "track_number", "type", "uri",
    }  # fmt: skip
    assert set(item["track"]["album"]) == {
        "album_type", "artists", "external_urls", "href", "id", "images", "name", "release_date",
        "release_date_precision", "total_tracks", "type", "uri",
    }  # fmt: skip
    assert item["track"]["uri"] == f"spotify:track:{track}"
    assert len(item["track"]["id"]) == 22


def test_extended_mode_adds_the_old_fields(client: Client, control: Control) -> None:
    control.set_app(mode="extended")
    control.play("alice")
    (item,) = client.recent().json()["items"]
    assert {"popularity", "available_markets", "preview_url"} <= set(item["track"])
    assert "available_markets" in item["track"]["album"]


def test_whole_seconds_keep_their_three_decimals(client: Client, control: Control) -> None:
    control.play("alice", played_at="2026-11-21T18:42:07Z")
    assert client.recent().json()["items"][0]["played_at"] == "2026-11-21T18:42:07.000Z"


def test_hidden_plays_are_never_shown(client: Client, control: Control) -> None:
    control.play("alice", hidden="private")
    assert client.recent().json()["items"] == []
    assert control.balance("alice")["hidden"] == 1


def test_a_play_is_shown_only_once_it_is_recorded(client: Client, control: Control) -> None:
    control.freeze("2026-11-22T12:00:00Z")
    control.play("alice", played_at="2026-11-22T11:00:00Z", recorded_at="2026-11-22T20:00:00Z")
    control.play("alice", played_at="2026-11-22T11:30:00Z")
    assert len(client.recent().json()["items"]) == 1
    control.advance(hours=8)
    client.tokens = control.mint("alice")
    assert [item["played_at"][11:16] for item in client.recent().json()["items"]] == [
        "11:30", "11:00",
    ]  # fmt: skip


def test_nobody_sees_the_plays_of_another(client: Client, control: Control) -> None:
    control.make_listener("bob")
    control.burst("bob", 5)
    assert client.recent().json()["items"] == []


def test_without_the_scope_the_answer_is_403(client: Client, control: Control) -> None:
    client.tokens = control.mint("alice", scope="user-read-email")
    answer = client.recent()
    assert (answer.status_code, answer.json()["error"]["message"]) == (
        403, "Insufficient client scope",
    )  # fmt: skip
    assert client.get("/me").status_code == 200


def test_same_times_late_plays_and_raw_items_stand_in_the_answer(
    client: Client, control: Control
) -> None:
    control.same_time("alice", 3)
    control.late("alice", 2, hours=9)
    control.play("alice", raw={"track": None, "played_at": 7, "context": "odd"})
    items = client.recent().json()["items"]
    assert items[0] == {"track": None, "played_at": 7, "context": "odd"}
    assert len({item["played_at"] for item in items[1:4]}) == 1
    assert len({item["track"]["id"] for item in items[1:4]}) == 3
    assert len(items) == 6


def test_the_balance_knows_what_was_offered_and_what_was_lost(
    client: Client, control: Control
) -> None:
    control.freeze()
    control.burst("alice", 55)
    assert control.balance("alice")["before"] == 5
    client.recent(limit=20)
    assert control.balance("alice")["offered"] == 20
    control.advance(minutes=10)
    control.burst("alice", 40)
    balance = control.balance("alice")
    # Ten of the first twenty were pushed out, but they had been seen; thirty never were.
    assert (balance["offered"], balance["waiting"], balance["lost"]) == (20, 40, 30)
    assert len(control.plays("alice", "lost")) == 30


@pytest.mark.parametrize(
    ("header", "status", "message"),
    [
        ({}, 401, "No token provided"),
        ({"Authorization": "Bearer nonsense"}, 401, "Invalid access token"),
        ({"Authorization": "Basic abc"}, 400, "Only valid bearer authentication supported"),
    ],
)
def test_a_call_needs_a_token(
    client: Client, header: dict[str, str], status: int, message: str
) -> None:
    answer = client.session.get(
        f"{client.sandbox.api_url}/me/player/recently-played", headers=header, timeout=60
    )
    assert (answer.status_code, answer.json()) == (
        status, {"error": {"status": status, "message": message}},
    )  # fmt: skip


def test_an_access_token_lives_for_an_hour(client: Client, control: Control) -> None:
    control.freeze()
    client.tokens = control.mint("alice")
    control.advance(minutes=59, seconds=59)
    assert client.recent().status_code == 200
    control.advance(seconds=1)
    answer = client.recent()
    assert (answer.status_code, answer.json()["error"]["message"]) == (
        401, "The access token expired",
    )  # fmt: skip
    client.tokens |= client.refresh().json()
    assert client.recent().status_code == 200
