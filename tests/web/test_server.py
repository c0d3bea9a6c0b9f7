"""When a request is worth a thread."""

from __future__ import annotations

import pytest

from audiospective.web.server import REQUEST_BYTES, wanted

HEAD = b"POST /waitlist HTTP/1.1\r\nHost: a\r\n"


@pytest.mark.parametrize(
    ("found", "bytes_wanted"),
    [
        (b"", REQUEST_BYTES),
        (b"GET / HTTP/1.1\r\nHost: a\r\n", REQUEST_BYTES),
        (b"GET / HTTP/1.1\r\n\r\n", 18),
        (b"GET / HTTP/1.1\r\n\r\nGET /next HTTP/1.1\r\n", 18),
        (HEAD + b"Content-Length: 5\r\n\r\n", len(HEAD) + 21 + 5),
        (HEAD + b"content-length:5 \r\n\r\n12345", len(HEAD) + 21 + 5),
        (HEAD + b"Content-Length: 999999999\r\n\r\n", REQUEST_BYTES),
        (HEAD + b"Content-Length: many\r\n\r\n", len(HEAD) + 24),
        (HEAD + b"\r\nContent-Length: 5\r\n", len(HEAD) + 2),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", REQUEST_BYTES),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", len(HEAD) + 30),
    ],
)
def test_a_request_waits_for_its_head_and_a_short_body(found: bytes, bytes_wanted: int) -> None:
    assert wanted(found) == bytes_wanted
