"""The Extended Streaming History of a listener."""

from __future__ import annotations

import io
import re
import zipfile
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import orjson
import pytest
import requests

from audiospective.sandbox import Control, RemoteControl, SandboxServer
from audiospective.sandbox.clock import to_ms

NOW = "2026-11-22T12:00:00Z"
AUDIO = re.compile(
    r"Spotify Extended Streaming History/Streaming_History_Audio_\d{4}(-\d{4})?_\d+\.json"
)
ALWAYS = {
    "ts", "platform", "ms_played", "conn_country", "master_metadata_track_name",
    "master_metadata_album_artist_name", "master_metadata_album_album_name", "spotify_track_uri",
    "episode_name", "episode_show_name", "spotify_episode_uri", "reason_start", "reason_end",
    "shuffle", "skipped", "offline", "offline_timestamp", "incognito_mode",
}  # fmt: skip
Rows = list[dict[str, Any]]


def rows_of(bundle: bytes) -> Rows:
    with zipfile.ZipFile(io.BytesIO(bundle)) as opened:
        names = opened.namelist()
        assert names[0].endswith(".pdf")
        assert all(AUDIO.fullmatch(name) for name in names[1:])
        return [row for name in names[1:] for row in orjson.loads(opened.read(name))]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[SandboxServer]:
    with SandboxServer() as running:
        yield running


@pytest.fixture(scope="module")
def control(sandbox: SandboxServer) -> Control:
    return sandbox.control


@pytest.fixture(scope="module")
def ada(control: Control) -> str:
    control.freeze(NOW)
    return str(control.make_listener("ada", habit="commuter", zone="Europe/Warsaw")["id"])


@pytest.fixture(scope="module")
def rows(control: Control, ada: str) -> Rows:
    return rows_of(control.export(ada, since="2023-11-15T00:00:00Z"))


def test_every_play_is_in_it_with_its_second_and_its_length(
    control: Control, ada: str, rows: Rows
) -> None:
    found = Counter((row["spotify_track_uri"], row["ms_played"]) for row in rows)
    ends = {row["ts"] for row in rows}
    for play in control.plays(ada):
        if play["played_ms"] > to_ms(NOW) or play["hidden"] == "podcast":
            continue
        assert found[f"spotify:track:{play['track']}", play["ms_played"]]
        assert any(
            datetime.fromtimestamp(
                play["played_ms"] // 1000 + off, tz=datetime.fromisoformat(NOW).tzinfo
            ).strftime("%Y-%m-%dT%H:%M:%SZ")
            in ends
            for off in (-1, 0, 1, 2, 5)
        )


def test_it_reaches_back_and_stops_now(rows: Rows) -> None:
    ends = [row["ts"] for row in rows]
    assert min(ends)[:7] == "2023-11"
    assert max(ends) <= "2026-11-22T12:00:05Z"
    assert ends != sorted(ends)


def test_it_holds_what_the_api_hides_and_what_is_odd(rows: Rows) -> None:
    assert all(set(row) >= ALWAYS for row in rows)
    assert any(row["episode_name"] and row["spotify_track_uri"] is None for row in rows)
    assert any(row["incognito_mode"] for row in rows)
    assert any(row["ms_played"] < 30_000 and row["skipped"] for row in rows)
    assert any(row["offline"] for row in rows)
    assert Counter(map(orjson.dumps, rows)).most_common(1)[0][1] == 2
    units = {len(str(row["offline_timestamp"])) for row in rows if row["offline"]}
    assert units == {10, 13}
    old = [row for row in rows if row["ts"] < "2024"]
    new = [row for row in rows if row["ts"] > "2025"]
    assert all("ip_addr_decrypted" in row and "username" in row for row in old)
    assert all("ip_addr" in row and "audiobook_title" in row for row in new)


def test_without_a_beginning_it_holds_what_the_sandbox_knows(control: Control, ada: str) -> None:
    assert len(rows_of(control.export(ada))) >= 90
    control.make_listener("quiet")
    assert rows_of(control.export("quiet", since="2020-01-01T00:00:00Z")) == []


def test_it_can_be_downloaded(sandbox: SandboxServer, control: Control) -> None:
    bob = control.make_listener("bob", habit="seldom")["id"]
    remote = RemoteControl(sandbox.url)
    assert rows_of(remote.export(listener=bob)) == rows_of(control.export(bob)), "always the same"
    url = f"{sandbox.url}/account/export"
    answer = requests.get(url, params={"listener": bob}, timeout=30)
    assert "my_spotify_data.zip" in answer.headers["Content-Disposition"]
    assert min(row["ts"] for row in rows_of(answer.content))[:4] == "2023"
    assert requests.get(url, timeout=60).status_code == 404
