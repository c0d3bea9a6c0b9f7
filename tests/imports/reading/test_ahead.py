"""What is taken ahead is the same, in order, and no more of it than one."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from audiospective.imports.reading.ahead import ahead


def test_everything_comes_in_order() -> None:
    assert list(ahead(range(1_000))) == list(range(1_000))
    assert list(ahead([])) == []


def test_what_it_raises_comes_after_what_it_yielded() -> None:
    def broken() -> Iterator[int]:
        yield 1
        yield 2
        raise ValueError("cut off")

    found = ahead(broken())
    assert (next(found), next(found)) == (1, 2)
    with pytest.raises(ValueError, match="cut off"):
        next(found)


def test_one_more_is_made_while_one_is_used_and_none_after_closing() -> None:
    made: list[int] = []
    ready = threading.Semaphore(0)

    def numbers() -> Iterator[int]:
        for number in range(100):
            made.append(number)
            ready.release()
            yield number

    before = threading.active_count()
    found = ahead(numbers())
    for used in range(3):
        assert next(found) == used
    assert all(ready.acquire(timeout=60) for _ in range(4))
    assert made == [0, 1, 2, 3]
    found.close()  # type: ignore[attr-defined]
    assert threading.active_count() <= before  # a thread of an earlier test may have ended since
    assert made == [0, 1, 2, 3]
