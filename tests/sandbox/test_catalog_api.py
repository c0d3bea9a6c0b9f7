"""Profile and catalog look-ups in both modes."""

from __future__ import annotations

import pytest

from audiospective.sandbox import Control
from tests.sandbox.conftest import Client

KINDS = ("tracks", "artists", "albums")


def some(client: Client, kind: str, count: int) -> list[str]:
    return list(getattr(client.sandbox.state.catalog, kind))[:count]


def test_a_profile_in_development_mode_says_little(client: Client, control: Control) -> None:
    client.tokens = control.mint("alice", scope="user-read-email user-read-private")
    profile = client.get("/me").json()
    assert set(profile) == {
        "account_id", "display_name", "external_urls", "href", "id", "images", "type", "uri",
    }  # fmt: skip
    assert (profile["id"], profile["account_id"]) == ("alice", "acct-alice")


@pytest.mark.parametrize(
    ("scope", "fields"),
    [
        ("user-read-email user-read-private",
         {"country", "email", "product", "explicit_content", "followers"}),
        ("user-read-email", {"email", "followers"}),
        ("", {"followers"}),
    ],
)  # fmt: skip
def test_a_profile_in_extended_mode_says_what_the_scopes_allow(
    client: Client, control: Control, scope: str, fields: set[str]
) -> None:
    control.set_app(mode="extended")
    client.tokens = control.mint("alice", scope=scope)
    optional = {"country", "email", "product", "explicit_content", "followers"}
    assert set(client.get("/me").json()) & optional == fields


def test_a_profile_may_have_neither_name_nor_picture(client: Client, control: Control) -> None:
    control.set_listener("alice", display_name=None, has_image=False)
    profile = client.get("/me").json()
    assert (profile["display_name"], profile["images"]) == (None, [])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("mode", ["development", "extended"])
def test_single_look_ups_work_in_both_modes(
    client: Client, control: Control, kind: str, mode: str
) -> None:
    control.set_app(mode=mode)
    (wanted,) = some(client, kind, 1)
    found = client.get(f"/{kind}/{wanted}", market="SE").json()
    assert (found["id"], found["type"]) == (wanted, kind[:-1])
    assert ("popularity" in found) is (mode == "extended")
    assert client.get(f"/{kind}/{'0' * 22}").status_code == 404
    assert client.get(f"/{kind}/short").json()["error"] == {
        "status": 400, "message": "invalid id",
    }  # fmt: skip


def test_an_album_lists_its_tracks(client: Client) -> None:
    (wanted,) = some(client, "albums", 1)
    album = client.get(f"/albums/{wanted}").json()
    assert album["tracks"]["total"] == album["total_tracks"] == len(album["tracks"]["items"])
    assert album["external_ids"]["upc"]


@pytest.mark.parametrize("kind", KINDS)
def test_batches_are_withheld_in_development_mode(client: Client, kind: str) -> None:
    answer = client.get(f"/{kind}", ids=",".join(some(client, kind, 2)))
    assert (answer.status_code, answer.json()) == (
        403, {"error": {"status": 403, "message": "Forbidden"}},
    )  # fmt: skip


@pytest.mark.parametrize(("kind", "most"), [("tracks", 50), ("artists", 50), ("albums", 20)])
def test_batches_answer_in_order_with_null_for_the_unknown(
    client: Client, control: Control, kind: str, most: int
) -> None:
    control.set_app(mode="extended")
    known = some(client, kind, most)
    ids = [*known[: most - 1][::-1], "0" * 22]
    found = client.get(f"/{kind}", ids=",".join(ids)).json()[kind]
    assert [one and one["id"] for one in found] == [*ids[:-1], None]
    assert client.get(f"/{kind}", ids=",".join([*known, known[0]])).status_code == 400
    assert client.get(f"/{kind}", ids="").status_code == 400
    assert client.get(f"/{kind}").status_code == 400
    assert client.get(f"/{kind}", ids="short").status_code == 400


def test_an_unlisted_listener_signs_in_but_is_never_answered(
    client: Client, control: Control
) -> None:
    control.set_app(allow_list=["bob"])
    for path in ("/me", "/me/player/recently-played", f"/tracks/{control.tracks(1)[0]}"):
        answer = client.get(path)
        assert answer.status_code == 403
        assert answer.text.startswith("Check settings on developer.spotify.com/dashboard")
        assert answer.headers["Content-Type"].startswith("text/plain")
    control.set_app(allow_list=["bob", "alice"])
    assert client.get("/me").status_code == 200


def test_an_owner_without_premium_stops_the_app(client: Client, control: Control) -> None:
    control.set_app(owner_premium=False)
    assert client.get("/me").status_code == 403
    control.set_app(mode="extended")
    assert client.get("/me").status_code == 200


def test_an_unknown_endpoint_is_404_in_the_api_shape(client: Client) -> None:
    assert client.get("/browse/categories").json()["error"]["status"] == 404


def test_cover_art_is_served_for_every_image(client: Client, control: Control) -> None:
    control.play("alice")
    (item,) = client.recent().json()["items"]
    for image in item["track"]["album"]["images"]:
        answer = client.session.get(image["url"], timeout=60)
        assert (answer.status_code, answer.headers["Content-Type"]) == (200, "image/svg+xml")
    assert client.session.get(f"{client.sandbox.url}/image/none", timeout=60).status_code == 404
