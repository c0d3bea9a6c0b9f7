"""`up` before anything starts: what it finds out, and how it says no."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from audiospective.cli import audiospective, up
from audiospective.settings import Settings
from audiospective.supervisor import lock, machine
from tests.support.processes import free_port

KEPT_OUT = (
    "SPOTIFY_",
    "RESEND_",
    "AUDIOSPECTIVE_",
    "BASE_",
    "REDIS_",
    "DATABASE_",
    "STORAGE_",
    "POLL_",
)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty house: no `.env`, no settings of the developer's, a home that does not exist yet."""
    for name in [name for name in os.environ if name.startswith(KEPT_OUT)]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AUDIOSPECTIVE_ENV_FILE", str(tmp_path / ".env"))
    (tmp_path / ".env").touch()
    monkeypatch.setenv("AUDIOSPECTIVE_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server.getsockname()[1]


def run(*arguments: str) -> Result:
    return CliRunner().invoke(audiospective, ["up", *arguments])


def plan(home: Path, given: dict[str, str], port: int | None = None) -> up.Plan:
    return up._plan({"PATH": os.environ["PATH"], **given}, home, "127.0.0.1", port, free_port())


def test_a_second_start_is_refused_and_told_of_the_first(home: Path) -> None:
    home.mkdir()
    with lock.hold(home / "up.lock", "process 123"):
        result = run()
    assert result.exit_code == 1
    assert result.output.startswith("Error: this archive is already running (process 123).")
    assert len(result.output.splitlines()) == 1


@pytest.mark.parametrize("option", ["--port", "--sandbox-port"])
def test_a_port_that_was_asked_for_and_is_taken_is_refused(
    home: Path, taken: int, option: str
) -> None:
    result = run(option, str(taken))
    assert result.exit_code == 1
    assert f"port {taken} on 127.0.0.1 is taken" in result.output


def test_both_servers_cannot_have_one_port(home: Path) -> None:
    port = str(free_port())
    result = run("--port", port, "--sandbox-port", port)
    assert result.exit_code == 1
    assert f"port {port} on 127.0.0.1 is taken" in result.output


def test_a_taken_default_port_moves_the_sandbox_archive(
    home: Path, taken: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(up, "WEB_PORT", taken)
    made = plan(home, {})
    assert made.port > taken
    assert made.base_url == f"http://127.0.0.1:{made.port}"
    assert f"Port {taken} is taken, so the pages will be on {made.port}." in capsys.readouterr().out


def test_an_archive_with_its_own_spotify_app_never_moves(
    home: Path, taken: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The callback that Spotify compares letter by letter holds the port."""
    monkeypatch.setattr(up, "WEB_PORT", taken)
    monkeypatch.setenv("SPOTIFY_CLIENT_ID", "own")
    monkeypatch.setenv("SPOTIFY_CLIENT_SECRET", "secret")
    result = run()
    assert result.exit_code == 1
    assert f"port {taken} on 127.0.0.1 is taken" in result.output


def test_an_own_spotify_app_leaves_the_sandbox_out(home: Path) -> None:
    made = plan(home, {"SPOTIFY_CLIENT_ID": "own"}, free_port())
    assert made.sandbox is None
    assert not {name for name in made.environment() if name.startswith(("SPOTIFY", "RESEND"))}


def test_an_own_redis_is_used(home: Path) -> None:
    made = plan(home, {"REDIS_URL": "redis://127.0.0.1:6379/0"})
    assert made.queue is None
    assert "REDIS_URL" not in made.environment()


def test_the_pages_listen_where_a_plain_base_url_says(home: Path) -> None:
    port = free_port()
    assert plan(home, {"BASE_URL": f"http://127.0.0.1:{port}"}).port == port


def test_a_public_base_url_says_nothing_about_the_port_behind_it(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(up, "WEB_PORT", free_port())
    made = plan(home, {"BASE_URL": "https://archive.example", "SPOTIFY_CLIENT_ID": "mine"})
    assert (made.port, made.base_url) == (up.WEB_PORT, "https://archive.example")


def test_a_machine_without_any_server_is_told_what_to_do(
    home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("audiospective.supervisor.queue.find_spec", lambda _name: None)
    result = run("--port", str(free_port()), "--sandbox-port", str(free_port()))
    assert result.exit_code == 1
    assert "install Redis, or set REDIS_URL" in result.output


def test_bad_settings_are_named_line_by_line_before_anything_starts(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BASE_URL", "https://localhost")
    monkeypatch.setenv("BATCH_SIZE", "many")
    result = run("--port", str(free_port()), "--sandbox-port", str(free_port()))
    assert result.exit_code != 0
    faults = getattr(result.exception, "faults", [])
    assert [fault.split()[0] for fault in faults] == ["BASE_URL", "BATCH_SIZE"]
    assert not (home / "queue").exists()


def test_a_broken_dotenv_is_named_by_line_and_not_shown(home: Path, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("SECRET_KEY='half\n")
    (fault,) = getattr(run().exception, "faults", [])
    assert "line 1 is not NAME=value" in fault
    assert "half" not in fault


def test_the_environment_goes_before_the_dotenv(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").write_text("BATCH_SIZE=1000\nSTORAGE_BUDGET_MB=none\n")
    monkeypatch.setenv("BATCH_SIZE", "20")
    result = run("--port", str(free_port()), "--sandbox-port", str(free_port()))
    faults = getattr(result.exception, "faults", [])
    assert [fault.split()[0] for fault in faults] == ["STORAGE_BUDGET_MB"]


def test_yesterdays_sandbox_does_not_leak_into_an_archive_with_its_own_app(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environments = []
    monkeypatch.setattr(
        up.Supervisor, "run", lambda self, _started: environments.append(self._environment)
    )
    assert run("--port", str(free_port()), "--sandbox-port", str(free_port())).exit_code == 0
    monkeypatch.setenv("SPOTIFY_CLIENT_ID", "own")
    monkeypatch.setenv("SPOTIFY_CLIENT_SECRET", "own-secret")
    assert run("--port", str(free_port())).exit_code == 0
    first, second = environments
    assert first["SPOTIFY_CLIENT_ID"] == machine.Sandbox.CLIENT[0]
    assert second["SPOTIFY_CLIENT_ID"] == "own"
    assert "SPOTIFY_API_URL" not in second
    assert "RESEND_API_KEY" not in second
    assert "POLL_MAX_MINUTES" not in second
    assert (first["SECRET_KEY"], first["TOKEN_KEYS"]) == (
        second["SECRET_KEY"],
        second["TOKEN_KEYS"],
    )


def test_other_commands_find_the_same_archive_and_nobody_else_can_read_where(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(up.Supervisor, "run", lambda _self, _started: None)
    assert run("--port", str(free_port()), "--sandbox-port", str(free_port())).exit_code == 0
    kept = home / "local.json"
    values = json.loads(kept.read_text())
    assert {"SECRET_KEY", "TOKEN_KEYS", "REDIS_URL", "BASE_URL", "SPOTIFY_API_URL"} <= set(values)
    assert kept.stat().st_mode & 0o777 == 0o600
    assert home.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("file", ["", "POLL_MAX_MINUTES=30\n"])
def test_other_commands_read_the_settings_that_the_programs_run_with(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str
) -> None:
    (tmp_path / ".env").write_text(file)
    given: list[dict[str, str]] = []
    monkeypatch.setattr(
        up.Supervisor, "run", lambda self, _started: given.append(self._environment)
    )
    assert run("--port", str(free_port()), "--sandbox-port", str(free_port())).exit_code == 0
    found = Settings.from_env()
    assert found.poll_max_minutes == (30 if file else 1)
    assert replace(Settings.from_env(given[0]), log_level=found.log_level) == found


def test_everything_starts_in_the_order_in_which_it_is_needed(home: Path) -> None:
    made = plan(home, {})
    names = [p.name for p in machine.programs("127.0.0.1", 8000, made.queue, made.sandbox)]
    assert names == ["queue", "migrate", "sandbox", "web", "worker", "bulk", "scheduler"]
    names = [p.name for p in machine.programs("127.0.0.1", 8000, None, None)]
    assert names == ["migrate", "web", "worker", "bulk", "scheduler"]


def test_two_homes_never_share_one_database_file(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/shared%20one.db")
    with lock.hold(tmp_path / "shared one.db.lock", "process 123"):
        result = run()
    assert result.exit_code == 1
    assert result.output.startswith("Error: this archive is already running (process 123).")


def test_the_pages_listen_at_the_loopback_address_that_is_printed(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert up._loopback({"BASE_URL": "http://[::1]:8000"}) == "::1"
    assert up._loopback({"BASE_URL": "http://127.0.0.2:8000"}) == "127.0.0.2"
    assert up._loopback({"BASE_URL": "https://archive.example"}) == "127.0.0.1"
    assert up._loopback({}) == "127.0.0.1"


def test_a_public_address_without_a_spotify_app_starts_no_sandbox(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BASE_URL", "https://archive.example")
    result = run()
    assert result.exit_code == 1
    assert "SPOTIFY_CLIENT_ID is not set" in result.output
    assert len(result.output.splitlines()) == 1
    assert not (home / "sandbox").exists()
