"""A threaded HTTP/1.1 server that can misbehave on purpose.

It keeps connections alive with a thread for each, so a stalled call holds up nobody else, and it
can drop a connection or cut a body short, which no ordinary WSGI server lets an app ask for.
"""

import logging
import socket
import sys
from collections.abc import Callable, Iterable
from http.server import BaseHTTPRequestHandler
from io import BytesIO
from socketserver import TCPServer, ThreadingMixIn
from threading import Lock
from typing import Any
from urllib.parse import unquote

from flask import Flask

from audiospective.sandbox.exchange import PAUSE, WIRE

log = logging.getLogger(__name__)

LARGEST_BODY = 16 * 1024 * 1024


class Listening(ThreadingMixIn, TCPServer):
    """The listening socket and the open connections."""

    allow_reuse_address = True
    request_queue_size = 1024
    daemon_threads = False
    block_on_close = True
    app: Flask

    def __init__(self, host: str, port: int) -> None:
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._open: set[socket.socket] = set()
        self._guard = Lock()
        super().__init__((host, port), Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Remember the connection before its thread begins."""
        with self._guard:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Forget a connection that has ended."""
        with self._guard:
            self._open.discard(request)
        super().shutdown_request(request)

    def hang_up(self) -> None:
        """End every open connection, so that their threads end."""
        with self._guard:
            for connection in self._open:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is none of our business; anything else is."""
        log.error("a connection failed", exc_info=sys.exception())


class Handler(BaseHTTPRequestHandler):
    """Hands requests to the WSGI app and writes each answer in one piece."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Listening

    def handle(self) -> None:
        """Serve one connection until either side ends it."""
        try:
            super().handle()
        except (ConnectionError, TimeoutError):
            self.close_connection = True

    def serve(self) -> None:
        """One request."""
        try:
            length = int(self.headers.get("Content-Length", 0))
        except ValueError:
            length = -1
        if self.headers.get("Transfer-Encoding") or not 0 <= length <= LARGEST_BODY:
            # Nothing that speaks to Spotify sends such a thing; reading on would lose step.
            self.close_connection = True
            self._write("411 Length Required", [], b"")
            return
        environ = self._environ(self.rfile.read(length))
        answer: list[tuple[str, list[tuple[str, str]]]] = []

        def start(status: str, headers: list[tuple[str, str]], _: Any = None) -> Any:
            answer.append((status, headers))

        parts: Iterable[bytes] = self.server.app(environ, start)
        body = b"".join(parts)
        if hasattr(parts, "close"):
            parts.close()
        harm = environ.get(WIRE)
        self.close_connection = self.close_connection or harm is not None
        if harm != "drop":
            status, headers = answer[-1]
            self._write(status, headers, body, cut=harm == "truncate", pause=environ.get(PAUSE))

    do_GET = do_POST = do_HEAD = do_PUT = do_DELETE = do_OPTIONS = serve  # noqa: N815

    def _environ(self, body: bytes) -> dict[str, Any]:
        path, _, query = self.path.partition("?")
        host, port = self.server.server_address[:2]
        environ: dict[str, Any] = {
            "REQUEST_METHOD": self.command,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote(path, "latin-1"),
            "QUERY_STRING": query,
            "SERVER_NAME": str(host),
            "SERVER_PORT": str(port),
            "SERVER_PROTOCOL": self.request_version,
            "REMOTE_ADDR": self.client_address[0],
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": BytesIO(body),
            "wsgi.errors": _Errors(),
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        for name, value in self.headers.items():
            key = "HTTP_" + name.upper().replace("-", "_")
            if key not in ("HTTP_CONTENT_TYPE", "HTTP_CONTENT_LENGTH"):
                environ[key] = value
        return environ

    def _write(
        self,
        status: str,
        headers: list[tuple[str, str]],
        body: bytes,
        cut: bool = False,
        pause: Callable[[], bool] | None = None,
    ) -> None:
        lines = [f"HTTP/1.1 {status}", f"Date: {self.date_time_string()}"]
        # An answer to HEAD keeps the length of the body that it does not have.
        head_only = self.command == "HEAD"
        lines += [
            f"{name}: {value}" for name, value in headers if head_only or name != "Content-Length"
        ]
        if not head_only:
            lines.append(f"Content-Length: {len(body)}")
        if self.close_connection:
            lines.append("Connection: close")
        head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
        if cut:
            body = body[: len(body) // 2]
        if pause is not None:
            self.wfile.write(head)
            for at in range(len(body)):
                self.wfile.write(body[at : at + 1])
                if pause():
                    break
            return
        self.wfile.write(head if head_only else head + body)

    def log_message(self, format: str, *args: Any) -> None:
        """Requests go to the log, not to the terminal."""
        log.debug(format, *args)


class _Errors:
    """Where WSGI apps write complaints: the log."""

    def write(self, text: str) -> None:
        if text.strip():
            log.error("%s", text.rstrip())

    def writelines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        """Nothing is held back."""
