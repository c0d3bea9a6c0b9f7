"""Sends listens to a server that a member names: ListenBrainz, or what takes listens as it does.

Only https to addresses of the public Internet, looked at when connecting; no redirect, no proxy, no
answer without an end. Errors: `ServerError`, of which `TokenRefusedError` (it does not know the
token), `ListensRefusedError` (it will not have these listens), `BusyError` (not now; `pause` says
when), `ForbiddenError` (403, whatever may be behind it), `AwayError` (no usable answer) and its
kinds `SlowError` (none in the time given) and `BrokenError` (500, perhaps at these listens) are
kinds.
"""

from __future__ import annotations

import socket
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import orjson
import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPSConnection
from urllib3.connectionpool import HTTPSConnectionPool

from audiospective.clients import public_connections
from audiospective.clients.deadline import Deadline
from audiospective.clients.timed_http import TimedResponse, within
from audiospective.policy import listen_servers

CONNECT, READ = 5.0, 15.0  # seconds
MOST_SAID = 1 << 16  # bytes of an answer
_TOO_MANY, _TOKEN, _FORBIDDEN, _BROKEN = 429, 401, 403, 500
_OF_LISTENS = (400, 409, 413, 422)  # any other refusal is of whoever asks, or how


class ServerError(Exception):
    """The listens did not arrive."""


class TokenRefusedError(ServerError):
    pass


class ListensRefusedError(ServerError):
    pass


class BusyError(ServerError):
    def __init__(self, pause: timedelta) -> None:
        super().__init__("too many requests")
        self.pause = pause


class ForbiddenError(ServerError):
    pass


class AwayError(ServerError):
    pass


class SlowError(AwayError):
    pass


class BrokenError(AwayError):
    pass


class ListenServer:
    """One server, with the token of one member; no request outlasts `end` by more than seconds."""

    def __init__(self, root: str, token: str, end: Deadline) -> None:
        self._root = root
        self._token = token
        self._end = end

    def submit(self, listens: Sequence[dict[str, Any]]) -> None:
        """Send listens; raises ServerError.

        A 403 may come from a filter before the server: whether it is the token, is asked.
        """
        kind = "single" if len(listens) == 1 else "import"
        body = orjson.dumps({"listen_type": kind, "payload": list(listens)})
        try:
            self._ask("POST", "/1/submit-listens", body)
        except ForbiddenError:
            self.name()
            raise

    def name(self) -> str:
        """Whose token it is, as the server calls them; raises ServerError."""
        try:
            found = self._ask("GET", "/1/validate-token", None)
        except (ListensRefusedError, BrokenError) as error:  # there are no listens in it
            raise AwayError(str(error)) from None
        if found.get("valid") is not True:
            raise TokenRefusedError("the token is not valid")
        return str(found.get("user_name") or "")[:100]

    def _ask(self, method: str, path: str, body: bytes | None) -> dict[str, Any]:
        if self._root.partition("://")[0] not in POOLS:
            raise AwayError("no https")
        end = self._end.part(CONNECT + READ)
        left = end.remaining()
        if left <= 0:
            raise SlowError("no time is left")
        session = requests.Session()
        session.trust_env = False
        for scheme in ("https://", "http://"):
            session.mount(scheme, _Adapter(max_retries=0))
        headers = {"Authorization": f"Token {self._token}", "Content-Type": "application/json"}
        try:
            with within(end), session, session.request(
                method, self._root + path, data=body, headers=headers,
                timeout=(min(CONNECT, left), min(READ, left)), allow_redirects=False, stream=True,
            ) as answer:  # fmt: skip
                status, said = answer.status_code, answer.raw.read(MOST_SAID, decode_content=True)
                asked = answer.headers.get("Retry-After")
                asked = asked or answer.headers.get("X-RateLimit-Reset-In")
        except (requests.RequestException, OSError, ValueError) as error:
            raise AwayError(type(error).__name__) from None
        if (fault := _error(status, asked)) is not None:
            raise fault
        try:
            found = orjson.loads(said)
        except orjson.JSONDecodeError:
            raise AwayError(f"status {status}, no JSON") from None
        if status != 200 or not isinstance(found, dict):
            raise AwayError(f"status {status}")
        # Some say 200 and in it what went wrong, as Maloja does at a path that it does not know.
        code = found.get("code")
        if isinstance(code, int) and (fault := _error(code, asked)) is not None:
            raise fault
        if found.get("error"):
            raise AwayError(f"status {status} with an error")
        return found


def _error(status: int, asked: str | None) -> ServerError | None:
    """What a status says; `asked` are the seconds for which the server wants to be left alone."""
    if status == _TOKEN:
        return TokenRefusedError(str(status))
    if status == _FORBIDDEN:
        return ForbiddenError(str(status))
    if status == _TOO_MANY:
        return BusyError(listen_servers.asked_pause(asked))
    if status == _BROKEN:
        return BrokenError(str(status))
    if status in _OF_LISTENS:
        return ListensRefusedError(str(status))
    return AwayError(f"status {status}") if status >= 400 else None


class _OutsideConnection(HTTPSConnection):
    response_class = TimedResponse

    def _new_conn(self) -> socket.socket:
        return public_connections.connect(self)


class _OutsidePool(HTTPSConnectionPool):
    ConnectionCls = _OutsideConnection


POOLS: dict[str, Any] = {"https": _OutsidePool}  # by scheme; there is none for http


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **more: Any) -> None:
        super().init_poolmanager(*args, **more)
        self.poolmanager.pool_classes_by_scheme = POOLS
