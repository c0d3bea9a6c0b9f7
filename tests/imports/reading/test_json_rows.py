"""Where the array of a JSON file begins."""

from __future__ import annotations

import io
from time import process_time

import pytest

from audiospective.imports.errors import ContainerError
from audiospective.imports.reading import json_rows


def read(body: bytes, key: str | None = "listens") -> list[tuple[int, object]]:
    return list(json_rows.array(io.BytesIO(body), key))


@pytest.mark.parametrize(
    "body",
    [
        b'{"listens": [1, 2]}',
        b'{"a": "listens", "listens" :\n[1,2]}',
        b'{"a": {"listens": [1, 2], "b": []}}',
        b'{"a": ["listens", [3]], "listens": [1, 2]}',
        b'{"say \\"listens\\"": [3], "listens": [1, 2]}',
    ],
)
def test_the_array_of_a_key_is_found(body: bytes) -> None:
    assert read(body) == [(1, 1), (2, 2)]


@pytest.mark.parametrize(
    "body",
    [
        b'{"listens"; [1]}',
        b'{"a": {"b": {"listens": [1]}}}',
        b'{"listens": 5, "a": [1]}',
        b'{"listens": {"a": [1]}}',
    ],
)
def test_another_array_is_not_taken_for_it(body: bytes) -> None:
    with pytest.raises(ContainerError):
        read(body)


def test_a_file_of_nothing_but_quotes_takes_no_longer_than_any_other() -> None:
    began = process_time()
    with pytest.raises(ContainerError):
        read(b'{"' + b'\\"' * 500_000 + b'" x [')
    assert process_time() - began < 60  # of hours
