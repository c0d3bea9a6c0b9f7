"""Rows of JSON files: an array at the top, an array under a key, or one object a line."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO, TypeVar

import orjson

from audiospective.imports.errors import ContainerError
from audiospective.imports.reading.arrays import CHUNK, TOKEN, Elements
from audiospective.imports.reading.encodings import as_utf8

T = TypeVar("T")
_DEPTH = 2  # objects around an array with a key
LIMIT = 16 << 20  # bytes of one row
_BLOCK = 1 << 16


@dataclass(frozen=True)
class Unreadable:
    """A row that is no JSON."""

    raw: str


def array(stream: BinaryIO, key: str | None = None) -> Iterator[tuple[int, Any]]:
    """The elements of the array at the top, or under `key` of the object there, from number 1.

    A broken element is Unreadable; raises ContainerError where the array itself is damaged.
    """
    number = 0
    for piece in pieces(stream, orjson.loads, key):
        for one in piece:
            number += 1
            yield number, value(one) if isinstance(one, bytes) else one


def pieces(
    stream: BinaryIO,
    parse: Callable[[bytes], T],
    key: str | None = None,
    chunk: int = CHUNK,
    *,
    picking: bool = False,
) -> Iterator[T | list[bytes]]:
    """The array some megabytes at a time; see Elements."""
    stream = as_utf8(stream)
    elements = Elements(stream, _start(stream, key), LIMIT, chunk, picking=picking)
    yield from elements.read(parse)
    rest = elements.rest + stream.read(_BLOCK)
    if key is None and rest.strip(b" \t\r\n\0"):
        raise ContainerError("There is something after the end of its list; download it again.")


def lines(stream: BinaryIO) -> Iterator[tuple[int, Any]]:
    """One JSON value for each line that is not empty, numbered as lines from 1."""
    stream = as_utf8(stream)
    number = 0
    while line := stream.readline(LIMIT):
        number += 1
        if not line.endswith(b"\n") and len(line) == LIMIT:
            yield number, Unreadable(line[:_BLOCK].decode("utf-8", "replace"))
            while (more := stream.readline(LIMIT)) and not more.endswith(b"\n"):
                pass
        elif line.strip():
            yield number, value(line)


def value(raw: bytes) -> Any:
    """The JSON value, also with NaN (as null), lone surrogates and foreign bytes; or Unreadable."""
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        text = raw.decode("utf-8", "replace")
    try:
        return json.loads(text, parse_constant=lambda _: None)
    except (ValueError, RecursionError):
        return Unreadable(text)


def _start(stream: BinaryIO, key: str | None) -> bytes:
    """Reads past the array's `[`; what was read after it."""
    buffer = b""
    while True:
        more = stream.read(max(_BLOCK, len(buffer)))
        buffer += more
        at = _opening(buffer, key)
        if at is not None:
            return buffer[at:]
        if not more or len(buffer) > LIMIT:
            raise ContainerError("The list of plays is not where it should be.")


def _opening(buffer: bytes, key: str | None) -> int | None:
    """Where the array begins: the first thing at all, or under `key` of the outer objects."""
    start = re.match(rb"\s*([\[{])", buffer)
    if start is None:
        if buffer.strip():
            raise ContainerError("It is no JSON.")
        return None
    if (start[1] == b"[") != (key is None):
        raise ContainerError("The list of plays is not where it should be.")
    if key is None:
        return start.end()
    depth, wanted = 0, b'"%b"' % key.encode()
    before: re.Match[bytes] | None = None  # the text that stands just before
    for token in TOKEN.finditer(buffer):
        sign = token[0]
        if sign[:1] == b'"':
            before = token
            continue
        if sign == b"[" and 1 <= depth <= _DEPTH and _names(before, wanted, buffer, token.start()):
            return token.end()
        before = None
        if sign in (b"{", b"["):
            depth += 1
        elif sign in (b"}", b"]"):
            depth -= 1
    return None


def _names(text: re.Match[bytes] | None, wanted: bytes, buffer: bytes, end: int) -> bool:
    """Whether a text is this key of what begins at `end`."""
    return text is not None and text[0] == wanted and buffer[text.end() : end].strip() == b":"
