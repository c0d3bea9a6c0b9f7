"""Answers that are cut, delayed, lost, stale or poorer."""

from __future__ import annotations

import pytest
import requests

from audiospective.sandbox import Control
from tests.sandbox.conftest import Client, api
from tests.support.processes import until


def test_a_cut_answer_is_noticed_and_does_not_count_as_offered(
    client: Client, control: Control
) -> None:
    control.burst("alice", 5)
    control.fault("truncated", endpoint="recently-played", times=1)
    with pytest.raises(requests.RequestException):
        client.recent()
    assert control.balance("alice")["offered"] == 0
    assert len(client.recent().json()["items"]) == 5
    assert control.balance("alice")["offered"] == 5


def test_half_a_body_may_pretend_to_be_whole(client: Client, control: Control) -> None:
    control.burst("alice", 5)
    control.fault("broken_json", endpoint="recently-played", times=1)
    answer = client.recent()
    assert answer.status_code == 200
    with pytest.raises(ValueError, match=r"Unterminated|Expecting|Invalid"):
        answer.json()
    assert control.balance("alice")["offered"] == 0


def test_a_connection_may_just_end(client: Client, control: Control) -> None:
    control.set_app(rotation="always")
    control.fault("reset", times=1)
    with pytest.raises(requests.ConnectionError):
        client.refresh()
    assert control.calls("token.refresh", status=0) == 1
    assert client.refresh().status_code == 200, "nothing was done before"


def test_an_answer_may_be_lost_after_the_deed(client: Client, control: Control) -> None:
    control.set_app(rotation="always")
    control.fault("lost", times=1)
    with pytest.raises(requests.ConnectionError):
        client.refresh()
    assert client.refresh().json()["error_description"] == "Refresh token revoked"


def test_a_stalled_call_holds_up_nobody_else(client: Client, control: Control) -> None:
    control.make_listener("bob")
    bob = Client(client.sandbox, client.session, control.mint("bob"))
    control.fault("stall", listener="alice", endpoint="me", times=1)
    with pytest.raises(requests.ReadTimeout):
        client.session.get(
            f"{client.sandbox.api_url}/me",
            headers={"Authorization": f"Bearer {client.tokens['access_token']}"},
            timeout=0.05,
        )
    until(lambda: not control.faults() or control.faults()[0]["hits"], "it stalls that call")
    assert bob.get("/me").status_code == 200
    assert client.get("/me").status_code == 200


@pytest.mark.parametrize(("then", "status"), [("answer", 200), ("drop", None)])
def test_a_stall_ends_with_an_answer_or_without(
    client: Client, control: Control, then: str, status: int | None
) -> None:
    control.play("alice")
    control.fault("stall", seconds=0.01, then=then, times=1)
    if status is None:
        with pytest.raises(requests.ConnectionError):
            client.recent()
    else:
        assert client.recent().status_code == status
    # Whoever asked may have hung up long ago.
    assert control.balance("alice")["offered"] == 0


def test_a_stale_list_stands_still_until_the_fault_ends(client: Client, control: Control) -> None:
    control.freeze()
    control.burst("alice", 3)
    client.recent()
    control.fault("stale", listener="alice")
    control.advance(minutes=30)
    control.burst("alice", 60)
    assert len(client.recent(limit=50).json()["items"]) == 3
    control.clear(name="stale")
    assert len(client.recent(limit=50).json()["items"]) == 50
    assert control.balance("alice") == {
        "offered": 53, "waiting": 0, "lost": 10, "before": 0, "hidden": 0, "pending": 0,
    }  # fmt: skip


def test_items_can_be_made_poorer(client: Client, control: Control) -> None:
    context = {"type": "album", "uri": "spotify:album:x", "href": "x", "external_urls": {}}
    control.add_plays("alice", [{"context": context} for _ in range(4)])
    control.fault("null_track", items=1, times=1)
    assert [item["track"] is None for item in client.recent().json()["items"]] == [
        True, False, False, False,
    ]  # fmt: skip
    assert control.balance("alice")["offered"] == 3, "a play without its track is not offered"
    control.fault("null_context", times=1)
    assert {item["context"] for item in client.recent().json()["items"]} == {None}
    control.fault("missing_fields", times=1, items=2)
    sizes = [len(item["track"]) for item in client.recent().json()["items"]]
    assert sizes[:2] == [4, 4]
    assert min(sizes[2:]) > 10
    control.fault("missing_fields", times=1, drop=["album", "external_ids"])
    assert "album" not in client.recent().json()["items"][3]["track"]
    assert client.recent().json()["items"][0]["context"] == context


def test_a_batch_can_be_withheld_granted_and_full_of_holes(
    client: Client, control: Control
) -> None:
    ids = ",".join(control.tracks(4))
    control.fault("batch_ok", times=1)
    assert client.get("/tracks", ids=ids).status_code == 200
    control.set_app(mode="extended")
    control.fault("null_entries", times=1)
    found = client.get("/tracks", ids=ids).json()["tracks"]
    assert [one is None for one in found] == [True, False, True, False]
    control.fault("batch_forbidden", endpoint="tracks", times=1)
    assert client.get("/artists", ids="0" * 22).status_code == 200
    assert client.get("/tracks", ids=ids).json() == api(403, "Forbidden")
    assert client.get("/tracks", ids=ids).status_code == 200
