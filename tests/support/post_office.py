"""A mail provider of a few lines that answers what the test says, and keeps what it was given."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = tuple[int, dict[str, str], bytes]


def accepted(number: int) -> Answer:
    return 200, {"Content-Type": "application/json"}, json.dumps({"id": f"mail-{number}"}).encode()


def refused(status: int, name: str, message: str = "no", **headers: str) -> Answer:
    """An error in Resend's shape."""
    body = json.dumps({"statusCode": status, "name": name, "message": message}).encode()
    return status, {"Content-Type": "application/json", **headers}, body


def page(status: int, body: bytes, kind: str = "text/html") -> Answer:
    return status, {"Content-Type": kind}, body


@dataclass
class PostOffice:
    """`answer` is called with the e-mail and its key; None hangs up without a word.

    Like Resend it delivers one key once and repeats the answer.
    """

    url: str
    answer: Callable[[dict[str, Any], str], Answer | None] | None = None
    asked: list[tuple[str, str]] = field(default_factory=list)  # (recipient, key), all requests
    delivered: dict[str, dict[str, Any]] = field(default_factory=dict)  # by key
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, email: dict[str, Any], key: str) -> Answer | None:
        with self.lock:
            self.asked.append((email["to"][0], key))
            if self.answer is not None:
                found = self.answer(email, key)
                if found is None or found[0] != 200:
                    return found
            known = key in self.delivered
            if not known:
                self.delivered[key] = email
            return accepted(list(self.delivered).index(key))

    def to(self, recipient: str) -> list[dict[str, Any]]:
        return [one for one in self.delivered.values() if one["to"] == [recipient]]

    def subjects(self, recipient: str) -> list[str]:
        return [one["subject"] for one in self.to(recipient)]


@contextmanager
def running() -> Iterator[PostOffice]:
    office = PostOffice("")

    class Counter(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            found = office.take(json.loads(body), self.headers.get("Idempotency-Key", ""))
            if found is None:
                self.close_connection = True
                return
            status, headers, content = found
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Counter)
    server.daemon_threads = True
    office.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield office
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
