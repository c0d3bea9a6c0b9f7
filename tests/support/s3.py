"""An S3 server of its own, and one that misbehaves, on this machine's loopback address."""

from __future__ import annotations

import http.client
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.request import Request, urlopen

import boto3
import botocore.session
import pytest

from audiospective.clients.storage import Bucket
from tests.support.processes import accepts, free_port, start, stop, until

KEY, SECRET = "test-key", "test-secret"


@contextmanager
def running() -> Iterator[str]:
    """Moto's server as a process for as long as the block lasts; yields its address."""
    port = free_port()
    command = [sys.executable, "-W", "ignore", "-m", "moto.server", "-H", "127.0.0.1"]
    server = start(
        [*command, "-p", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        until(lambda: server.poll() is not None or accepts(port), "the S3 server listens")
        assert server.poll() is None, "the S3 server ended at its start"
        yield f"http://127.0.0.1:{port}"
    finally:
        stop(server)


@pytest.fixture(scope="session")
def s3_server() -> Iterator[str]:
    """Clients share what each would read anew, how S3 is spoken: nine tenths of making one."""
    shared = lru_cache(botocore.session.create_loader)
    with running() as address, pytest.MonkeyPatch.context() as patch:
        patch.setattr(botocore.session, "create_loader", shared)
        yield address


@pytest.fixture
def s3_bucket(s3_server: str) -> Bucket:
    """An empty bucket with a prefix."""
    urlopen(Request(f"{s3_server}/moto-api/reset", method="POST")).close()
    raw_client(s3_server).create_bucket(Bucket="archive")
    return Bucket("archive", KEY, SECRET, prefix="one/instance", endpoint=s3_server)


def raw_client(address: str) -> Any:
    """Another way to look into the server than ours."""
    return boto3.client(
        "s3",
        endpoint_url=address,
        aws_access_key_id=KEY,
        aws_secret_access_key=SECRET,
        region_name="us-east-1",
    )


@dataclass
class Trouble:
    """In front of the S3 server: passes everything on until it is told otherwise."""

    behind: str
    address: str = ""
    status: int | None = None  # answer this instead
    code: str = "InternalError"
    times: int | None = None  # so often, then pass on again
    garble: bool = False  # other bytes of the same length
    cut: bool = False  # end in the middle of the body
    slow: threading.Event | None = None  # begin to answer, then wait for it
    location: str = ""  # of a redirect
    claims: str | None = None  # this Content-Length for what is fetched; empty: in pieces, without
    talks: int = 0  # bytes more in every answer that is no stored file
    seen: list[str] = field(default_factory=list)

    def heal(self) -> None:
        if self.slow:
            self.slow.set()
        self.status = self.times = self.slow = None
        self.garble = self.cut = False
        self.claims, self.talks = None, 0

    def due(self) -> bool:
        if self.times is None:
            return True
        self.times -= 1
        return self.times >= 0


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    trouble: Trouble

    def log_message(self, *args: Any) -> None:
        pass

    def _any(self) -> None:
        trouble = self.trouble
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        trouble.seen.append(f"{self.command} {self.path}")
        if trouble.status and trouble.due():
            text = f"<Error><Code>{trouble.code}</Code></Error>".encode()
            headers = {"Location": trouble.location} if trouble.location else {}
            return self._answer(trouble.status, headers, b"" if self.command == "HEAD" else text)
        forwarded = {
            name: value
            for name, value in self.headers.items()
            if name.lower() not in ("connection", "expect", "content-length")
        }
        host = trouble.behind.removeprefix("http://")
        link = http.client.HTTPConnection(host, timeout=120)
        link.request(self.command, self.path, body, forwarded)
        answer = link.getresponse()
        content = answer.read()
        link.close()
        headers = {
            name: value
            for name, value in answer.getheaders()
            if name.lower() not in ("connection", "transfer-encoding", "content-length", "server")
        }
        length = int(answer.getheader("Content-Length") or len(content))
        if trouble.garble and self.command == "GET" and content:
            content = bytes([content[0] ^ 1]) + content[1:]
        return self._answer(answer.status, headers, content, len(content) if content else length)

    do_GET = do_PUT = do_DELETE = do_HEAD = do_POST = _any  # noqa: N815 - http.server's names

    def _answer(
        self, status: int, headers: dict[str, str], body: bytes, length: int | None = None
    ) -> None:
        fetched = self.command == "GET" and status == 200
        if self.trouble.talks and not fetched:
            body, length = body + b" " * self.trouble.talks, None
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        said = str(len(body) if length is None else length)
        if fetched and self.trouble.claims is not None:
            said = self.trouble.claims
        if said:
            self.send_header("Content-Length", said)
        else:
            self.send_header("Transfer-Encoding", "chunked")
            body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
        self.end_headers()
        if self.trouble.slow and body:
            self.wfile.write(body[:1])
            self.wfile.flush()
            self.trouble.slow.wait(120)
            self.close_connection = True
            return
        if self.trouble.cut and body:
            self.wfile.write(body[: len(body) // 2])
            self.close_connection = True
            return
        if self.command != "HEAD":
            self.wfile.write(body)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Callers that hang up are what some tests are about."""


@contextmanager
def in_front_of(address: str) -> Iterator[Trouble]:
    """A proxy that can be told to fail, in this process."""
    trouble = Trouble(address)
    handler = type("Handler", (_Handler,), {"trouble": trouble})
    server = _Server(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    trouble.address = f"http://127.0.0.1:{server.server_port}"
    try:
        yield trouble
    finally:
        trouble.heal()
        server.shutdown()
        thread.join()
        server.server_close()
