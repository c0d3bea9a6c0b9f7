"""Calls of the sandbox without sockets: it is asked in this very process."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from audiospective.sandbox import api, oauth, recent
from audiospective.sandbox.exchange import WIRE, Sent
from audiospective.sandbox.state import SandboxState

TOKEN = "/api/token"  # noqa: S105 - a path


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
    """One request to a WSGI application; raises DroppedError where a fault cuts the connection."""
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
        environ["HTTP_AUTHORIZATION"] = _basic(auth)
    begun: list[tuple[str, list[tuple[str, str]]]] = []
    parts_of_body = app(environ, lambda status, told, _=None: begun.append((status, told)))
    content = b"".join(parts_of_body)
    if hasattr(parts_of_body, "close"):
        parts_of_body.close()
    if environ.get(WIRE) in ("drop", "truncate"):
        raise DroppedError
    status, told = begun[-1]
    return Reply(int(status.split()[0]), dict(told), content)


def ask_for_poll(
    here: SandboxState,
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    data: Mapping[str, str] | None = None,
    auth: tuple[str, str] | None = None,
) -> Reply | None:
    """The same for the two calls that polls make, None for any other: a poll comes hundreds of
    thousands of times, and the web framework around an answer takes longer than the answer."""
    path, query, args = _split(url)
    if (method, path) == ("POST", TOKEN) and data is not None and auth is not None:
        return _arrived(oauth.tokens(here, _basic(auth), data))
    if (method, path) == ("GET", recent.PATH):
        shown = (headers or {}).get("Authorization", "")
        return _arrived(api.recent_plays(here, shown, query, args))
    return None


def _arrived(sent: Sent) -> Reply:
    if sent.harm in ("drop", "truncate"):
        raise DroppedError
    answer = sent.answer
    told = {"Content-Type": answer.content_type, "Content-Length": str(len(answer.body))}
    return Reply(answer.status, answer.headers | told, answer.body)


@lru_cache(maxsize=64)
def _split(url: str) -> tuple[str, bytes, Mapping[str, str]]:
    """Path, query and what the query says; of a name that comes twice the first value counts."""
    parts = urlsplit(url)
    args = dict(reversed(parse_qsl(parts.query, keep_blank_values=True)))
    return parts.path, parts.query.encode(), args


@lru_cache(maxsize=64)
def _basic(auth: tuple[str, str]) -> str:
    return f"Basic {b64encode(':'.join(auth).encode()).decode()}"
