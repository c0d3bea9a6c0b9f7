"""Takes what an iterator yields a little ahead, in a thread of its own."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")
_END = object()


def ahead(found: Iterable[T]) -> Iterator[T]:
    """The same, in order, with what it raises: while one is used the next is made, and no more.

    Worth it where much of what `found` does, or whoever takes it, lets go of Python's lock. When
    this generator is closed nothing of `found` runs any more.
    """
    made: queue.SimpleQueue[object] = queue.SimpleQueue()
    asked = threading.Semaphore(0)
    closed = threading.Event()
    trouble: list[BaseException] = []

    def make() -> None:
        try:
            for one in found:
                made.put(one)
                del one
                asked.acquire()
                if closed.is_set():
                    return
        except BaseException as error:  # noqa: BLE001 - it is raised where the rows are taken
            trouble.append(error)
        finally:
            made.put(_END)

    thread = threading.Thread(target=make, daemon=True)
    thread.start()
    try:
        while (one := made.get()) is not _END:
            asked.release()
            yield one  # type: ignore[misc]
            del one
    finally:
        closed.set()
        asked.release()
        thread.join()
    if trouble:
        raise trouble[0]
