"""The elements of a JSON array of any size, some megabytes at a time and at the speed of orjson.

A piece of the buffer that ends after an element is tried as `[piece]`. If that parses, the piece
ended between two elements: within a string or a nested value the text would be incomplete. Only
where no guess parses are brackets counted, which is slower and finds a broken element alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import BinaryIO, TypeVar

from audiospective.imports.errors import ContainerError

T = TypeVar("T")
CHUNK = 4 << 20
GUESSES = 3
MANY = 50_000  # elements at a time, however short
_VALUES = 20 * MANY  # in them, that are all kept
_SPACE = b" \t\r\n"
_GAP = 256  # bytes of space between two elements
_BEGINNING = re.compile(rb'\s*(\{\s*"[^"\\]{1,80}"\s*:)')
TOKEN = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*+(?:"|\\?\Z)|[\[\]{},]', re.DOTALL)


def many(text: bytes) -> bool:
    """Whether there may be more values in a text than should be kept at once."""
    return text.count(b",") > _VALUES


class Elements:
    """Reads the array that `stream` stands in, after its `[`; raises ContainerError.

    `buffer` is what was read already, `limit` the bytes that one element may have. `picking`: of an
    element `parse` keeps some fields only, however much there is in it.
    """

    def __init__(
        self,
        stream: BinaryIO,
        buffer: bytes,
        limit: int,
        chunk: int = CHUNK,
        *,
        picking: bool = False,
    ) -> None:
        self._stream = stream
        self._buffer = buffer
        self._limit = limit
        self._chunk = chunk
        self._picking = picking
        self._guess = True
        self._ended = False
        self.rest = b""  # what follows the array's `]`, as far as it was read

    def read(self, parse: Callable[[bytes], T]) -> Iterator[T | list[bytes]]:
        """What `parse` makes of each piece `[...]`, or its elements where that raises ValueError.

        Such a piece is complete and in step, only something in one of its elements is wrong.
        """
        while True:
            more = self._stream.read(self._chunk)
            if self._guess and 0 < len(more) < self._chunk:
                text = b"".join((b"[", self._buffer, more))  # copied once: it is large
                found = self._last(text, parse)
                if found is not None:
                    yield found
                    return
                del text
            self._buffer += more
            found = self._guessed(parse) if self._guess and more else None
            if found is not None:
                yield found
                continue
            while elements := self._counted():
                yield self._together(elements, parse)
            if self._ended:
                return
            if not more:
                raise ContainerError("It ends in the middle; download it again.")
            if len(self._buffer) > self._limit:
                raise ContainerError("It holds a row that is far too long.")

    def _last(self, text: bytes, parse: Callable[[bytes], T]) -> T | None:
        """All that is left, if the stream has ended and nothing follows the array."""
        if not (_BEGINNING.match(text, 1) and self._few(text)):
            return None
        try:
            return parse(text)
        except ValueError:
            return None

    def _few(self, text: bytes) -> bool:
        """Whether so much may be parsed at once: rows have some objects and fields each."""
        if text.count(b"}") > 4 * MANY:
            return False
        return self._picking or not many(text)

    def _guessed(self, parse: Callable[[bytes], T]) -> T | None:
        """What lies before one of the last elements; nothing when no guess was right.

        Elements of one kind begin alike, with the same first key.
        """
        begins = _BEGINNING.match(self._buffer)
        if begins and self._few(self._buffer):
            at = len(self._buffer)
            for _ in range(GUESSES):
                at = self._buffer.rfind(begins[1], begins.end(), at)
                if at < 0:
                    break
                start = max(0, at - _GAP)
                before = self._buffer[start:at].rstrip(_SPACE)
                if before[-1:] != b",":
                    continue
                elements = memoryview(self._buffer)[: start + len(before) - 1]
                try:
                    found = parse(b"".join((b"[", elements, b"]")))  # copied once: it is large
                except ValueError:
                    continue
                self._buffer = self._buffer[at:]
                return found
        self._guess = False  # nested or broken: counting costs less than wrong guesses
        return None

    def _together(self, elements: list[bytes], parse: Callable[[bytes], T]) -> T | list[bytes]:
        try:
            return parse(b"[" + b",".join(elements) + b"]")
        except ValueError:
            return elements

    def _counted(self) -> list[bytes]:
        """The complete elements at the front of the buffer, which keeps what is incomplete."""
        elements: list[bytes] = []
        if self._ended:
            return elements
        start = depth = 0
        for token in TOKEN.finditer(self._buffer):
            sign = token[0]
            if sign in (b"{", b"["):
                depth += 1
            elif sign in (b"}", b"]") and depth:
                depth -= 1
            elif depth == 0 and sign in (b",", b"]"):
                element = self._buffer[start : token.start()].strip(_SPACE)
                if element or sign == b",":
                    elements.append(element)
                start = token.end()
                if sign == b"]":
                    self._ended = True
                    self.rest = self._buffer[start:]
                if self._ended or len(elements) == MANY:
                    break
        self._buffer = self._buffer[start:]
        return elements
