"""JSON arrays in pieces: whatever the pieces, the elements are those of the whole."""

from __future__ import annotations

import io
import json
import time
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audiospective.imports.errors import ContainerError
from audiospective.imports.reading import json_rows
from audiospective.imports.reading.json_rows import Unreadable

TEXT = st.text(st.sampled_from('ab"\\{}[],: \n\u00e9😀'), max_size=8)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)
FORMS: dict[str, dict[str, Any]] = {
    "compact": {"separators": (",", ":")},
    "usual": {},
    "indented": {"indent": 2},
    "escaped": {"ensure_ascii": True},
}


class Trickling(io.RawIOBase):
    """Gives a few bytes at a time, as a slow stream does."""

    def __init__(self, content: bytes, size: int) -> None:
        self._rest = content
        self._size = size

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        size = min(self._size, len(buffer))
        found, self._rest = self._rest[:size], self._rest[size:]
        buffer[: len(found)] = found
        return len(found)


def elements(
    content: bytes, size: int = 1 << 20, chunk: int = 1 << 20, key: str | None = None
) -> list[Any]:
    stream = io.BufferedReader(Trickling(content, size))
    found: list[Any] = []
    for piece in json_rows.pieces(stream, orjson.loads, key, chunk):
        found += [json_rows.value(one) if isinstance(one, bytes) else one for one in piece]
    return found


@given(
    st.lists(JSON, max_size=8),
    st.sampled_from(sorted(FORMS)),
    st.integers(1, 80),
    st.integers(1, 80),
)
def test_elements_are_those_of_the_whole(rows: list[Any], form: str, size: int, chunk: int) -> None:
    content = json.dumps(rows, **{"ensure_ascii": False, **FORMS[form]}).encode()
    assert elements(content, size, chunk) == rows


@given(st.lists(JSON, max_size=5), JSON, st.integers(1, 80))
def test_the_array_may_stand_under_a_key(rows: list[Any], other: Any, chunk: int) -> None:
    whole = {"other": other, "inner": {"rows": "not here"}, "rows": rows, "more": other}
    content = json.dumps(whole).encode()
    assert elements(content, chunk=chunk, key="rows") == rows


@given(st.lists(JSON, min_size=1, max_size=5), st.data())
def test_of_a_cut_array_no_element_is_invented(rows: list[Any], data: st.DataObject) -> None:
    content = json.dumps(rows).encode()
    cut = content[: data.draw(st.integers(0, len(content) - 1))]
    with pytest.raises(ContainerError):
        elements(cut, chunk=16)


@given(st.lists(JSON, min_size=1, max_size=5), st.integers(0, 5), st.integers(1, 80))
def test_a_broken_element_is_found_alone(rows: list[Any], at: int, chunk: int) -> None:
    written = [json.dumps(row) for row in rows]
    written.insert(min(at, len(rows)), '{"a": nonsense}')
    found = elements(f"[{', '.join(written)}]".encode(), chunk=chunk)
    broken = [one for one in found if isinstance(one, Unreadable)]
    assert [one.raw for one in broken] == ['{"a": nonsense}']
    assert [one for one in found if not isinstance(one, Unreadable)] == rows


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b" ",
        b"5",
        b"x",
        b'"[]"',
        b"[",
        b"[1",
        b"[1,",
        b'["a',
        b"[[1]",
        b"[1]]",
        b"[1] x",
        b"{}",
        b"]",
    ],
)
def test_what_is_no_array_is_refused(content: bytes) -> None:
    with pytest.raises(ContainerError):
        elements(content)


@pytest.mark.parametrize("content", [b"{}", b'{"rows": {}}', b'{"rows": "[1]"}', b'["rows", [1]]'])
def test_an_array_that_is_not_under_its_key_is_refused(content: bytes) -> None:
    with pytest.raises(ContainerError):
        elements(content, key="rows")


def test_an_array_behind_much_else_is_found_in_no_time() -> None:
    began = time.process_time()
    content = b'{"other": [' + b"1," * 3_000_000 + b'1], "rows": [7]}'
    assert elements(content, key="rows") == [7]
    assert time.process_time() - began < 120  # of hours


def test_a_row_that_never_ends_is_refused_before_it_fills_the_memory() -> None:
    with pytest.raises(ContainerError, match="too long"):
        elements(b'["' + b"x" * (json_rows.LIMIT + 10_000_000) + b'"]')


@pytest.mark.parametrize("element", [b"1", b"{}", b'""', b"[]"])
def test_millions_of_tiny_elements_come_in_lots(element: bytes) -> None:
    content = b"[" + b",".join([element] * 600_000) + b"]"
    largest = count = 0
    for piece in json_rows.pieces(io.BufferedReader(io.BytesIO(content)), orjson.loads):
        largest, count = max(largest, len(piece)), count + len(piece)
    assert count == 600_000
    assert largest <= 100_000


def test_lines_may_be_empty_broken_or_too_long() -> None:
    long = b'{"a": "' + b"x" * json_rows.LIMIT + b'"}'
    content = b"\n".join([b'{"a": 1}', b"", long, b"nonsense", b'{"a": NaN}', b'{"a": "\\ud800"}'])
    found = dict(json_rows.lines(io.BufferedReader(io.BytesIO(content))))
    assert found[1] == {"a": 1}
    assert isinstance(found[3], Unreadable)
    assert isinstance(found[4], Unreadable)
    assert found[5] == {"a": None}
    assert found[6] == {"a": "\ud800"}
    assert 2 not in found
