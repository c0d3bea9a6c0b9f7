"""Calls of the sandbox without sockets: its WSGI application is asked in this very process."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Any
from urllib.parse import urlencode, urlsplit

from audiospective.sandbox.exchange import WIRE


class DroppedError(Exception):
    """The connection ended before the answer was whole."""


@dataclass(frozen=True)
class Reply:
    status: int
    headers: Mapping[str, str]
    body: bytes


def ask(
    app: Any,
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    data: Mapping[str, str] | bytes = b"",
    auth: tuple[str, str] | None = None,
    content_type: str = "application/x-www-form-urlencoded",
) -> Reply:
    """One request and its answer; raises DroppedError where a fault cuts the connection."""
    parts = urlsplit(url)
    body = data if isinstance(data, bytes) else urlencode(data).encode()
    environ: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": parts.path,
        "QUERY_STRING": parts.query,
        "SERVER_NAME": parts.hostname,
        "SERVER_PORT": str(parts.port or 80),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": parts.netloc,
        "REMOTE_ADDR": "127.0.0.1",
        "CONTENT_TYPE": content_type,
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": BytesIO(body),
        "wsgi.errors": BytesIO(),
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in (headers or {}).items():
        environ[f"HTTP_{name.upper().replace('-', '_')}"] = value
    if auth is not None:
        token = b64encode(":".join(auth).encode()).decode()
        environ["HTTP_AUTHORIZATION"] = f"Basic {token}"
    begun: list[tuple[str, list[tuple[str, str]]]] = []
    parts_of_body = app(environ, lambda status, told, _=None: begun.append((status, told)))
    content = b"".join(parts_of_body)
    if hasattr(parts_of_body, "close"):
        parts_of_body.close()
    if environ.get(WIRE) in ("drop", "truncate"):
        raise DroppedError
    status, told = begun[-1]
    return Reply(int(status.split()[0]), dict(told), content)
