"""HTTP whose every read ends with a deadline: a time-out alone lets a slow drip go on for ever.

The usual time-out starts anew with each packet. Here each read of a socket, for the head of an
answer as for its body, waits no longer than the deadline of the call that this thread is making.
"""

from __future__ import annotations

import io
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPResponse
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from audiospective.clients.deadline import Deadline

_calling = threading.local()


@contextmanager
def within(deadline: Deadline) -> Iterator[None]:
    """What this thread reads in the block ends with `deadline`, but for a few seconds of grace."""
    before = getattr(_calling, "deadline", None)
    _calling.deadline = deadline
    try:
        yield
    finally:
        _calling.deadline = before


def limit(sock: socket.socket | None, longest: float) -> None:
    """Let the next piece that this thread sends wait no longer than `longest`, and no longer than
    the deadline of its call; raises TimeoutError once that is over.
    """
    deadline: Deadline | None = getattr(_calling, "deadline", None)
    if deadline is None:
        return
    left = deadline.remaining()
    if not left:
        raise TimeoutError("the request took too long to be sent")
    if sock is not None:  # else it is opened with the first piece
        sock.settimeout(min(left, longest))


def mount(session: requests.Session, connections: int = 1) -> None:
    """Let a session keep to deadlines; `connections` at once to one host."""
    adapter = _Adapter(pool_connections=4, pool_maxsize=connections, max_retries=0)
    session.mount("https://", adapter)
    session.mount("http://", adapter)


class _Reader(io.RawIOBase):
    """What http.client reads an answer from."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self._longest = sock.gettimeout()
        self._raw = sock.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        deadline: Deadline | None = getattr(_calling, "deadline", None)
        if deadline is not None:
            left = deadline.patience()
            if left <= 0:
                raise TimeoutError("the answer took too long")
            longest = self._longest
            self._socket.settimeout(left if longest is None else min(left, longest))
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class TimedResponse(HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **more: Any) -> None:
        super().__init__(sock, *args, **more)
        self.fp.close()
        self.fp = io.BufferedReader(_Reader(sock))


class _Connection(HTTPConnection):
    response_class = TimedResponse


class _SecureConnection(HTTPSConnection):
    response_class = TimedResponse


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **more: Any) -> None:
        super().init_poolmanager(*args, **more)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}
