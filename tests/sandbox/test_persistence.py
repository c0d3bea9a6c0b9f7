"""What survives a restart, and a kill."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from audiospective.sandbox import Control, RemoteControl, SandboxServer
from audiospective.sandbox.store import HomeInUseError
from tests.sandbox.conftest import Client


@contextmanager
def running(home: Path, *options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A sandbox in a process of its own, and its address."""
    command = [sys.executable, "-m", "audiospective", "sandbox", "--port", "0", *options]
    process = subprocess.Popen(
        [*command, "--home", str(home)], stdout=subprocess.PIPE, text=True,
        cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        yield process, line.split(" at ")[1].split()[0]
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def test_a_kill_right_after_a_token_was_issued_loses_nothing(tmp_path: Path) -> None:
    with running(tmp_path, "--no-demo") as (process, url):
        remote = RemoteControl(url)
        remote.set_app(rotation="always")
        remote.make_listener(id="alice")
        remote.burst(listener="alice", count=3)
        tokens = remote.mint(listener="alice")
        rotated = requests.post(
            f"{url}/api/token", auth=("sandbox-client", "sandbox-secret"), timeout=60,
            data={"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]},
        ).json()  # fmt: skip
        process.kill()
        process.wait()
    with SandboxServer(home=tmp_path) as sandbox, requests.Session() as session:
        client = Client(sandbox, session, rotated)
        assert len(client.recent().json()["items"]) == 3
        assert client.refresh().status_code == 200
        client.tokens = tokens
        assert client.refresh().json()["error_description"] == "Refresh token revoked"


def test_the_process_ends_cleanly_when_told_to(tmp_path: Path) -> None:
    with running(tmp_path) as (process, url):
        assert requests.get(url, timeout=60).status_code == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 0


def happened(control: Control, listener: str) -> list[tuple[int, str | None, str]]:
    """What was played by now; what is to come changes, as a start wakes the lively listener."""
    return [
        (play["played_ms"], play["track"], play["hidden"])
        for play in control.plays(listener)
        if play["state"] != "pending"
    ]


def test_people_plays_emails_and_the_clock_come_back(
    tmp_path: Path, session: requests.Session
) -> None:
    with SandboxServer(home=tmp_path, demo=True) as sandbox:
        control = sandbox.control
        control.set_clock("2027-03-01T12:00:00Z")
        control.freeze()
        default = control.listeners()[0]["id"]
        control.wake(default)
        control.advance(minutes=30)
        control.play(default, raw={"odd": True})
        control.play(default, context={"type": "album", "uri": "u"}, hidden="private")
        client = Client(sandbox, session, control.mint(default))
        before = [item for item in client.recent(limit=50).json()["items"] if "track" in item]
        expected = happened(control, default)
        sandbox.state.mailbox.deliver(
            {"from": "a@b.example", "to": ["c@d.example"], "subject": "Hello", "text": "x"}, None
        )
        frozen = control.now()
    with SandboxServer(home=tmp_path, demo=True) as sandbox:
        control = sandbox.control
        assert control.now() >= frozen
        control.freeze(frozen)
        client = Client(sandbox, session, client.tokens)
        after = [item for item in client.recent(limit=50).json()["items"] if "track" in item]
        assert [(item["played_at"], item["track"]["id"]) for item in after] == [
            (item["played_at"], item["track"]["id"]) for item in before
        ]
        assert happened(control, default) == expected
        assert [email["subject"] for email in control.emails()] == ["Hello"]


def test_codes_and_consents_come_back(tmp_path: Path, session: requests.Session) -> None:
    address = (
        "http://x/authorize?client_id=sandbox-client&response_type=code&scope="
        "&redirect_uri=http://127.0.0.1:1/callback"
    )
    with SandboxServer(home=tmp_path) as sandbox:
        sandbox.control.make_listener("alice")
        code = sandbox.control.consent(address, "alice").partition("code=")[2]
    form = {
        "grant_type": "authorization_code", "code": code,
        "redirect_uri": "http://127.0.0.1:1/callback",
    }  # fmt: skip
    with SandboxServer(home=tmp_path) as sandbox:
        assert Client(sandbox, session, {}).token(**form).status_code == 200
    with SandboxServer(home=tmp_path) as sandbox:
        assert Client(sandbox, session, {}).token(**form).status_code == 400
        assert len(sandbox.control.grants("alice")) == 1


def test_a_home_has_one_sandbox_at_a_time(tmp_path: Path) -> None:
    with (
        SandboxServer(home=tmp_path),
        pytest.raises(HomeInUseError, match="in use by another sandbox"),
    ):
        SandboxServer(home=tmp_path)


def test_the_seed_of_a_home_stays(tmp_path: Path) -> None:
    with SandboxServer(home=tmp_path, seed="first") as sandbox:
        tracks = sandbox.control.tracks()
    with SandboxServer(home=tmp_path, seed="second") as sandbox:
        assert sandbox.control.tracks() == tracks
