"""A worker of the release before, as there is one while a deploy goes on: what it does otherwise.

It knows no words in the catalog and no tasks that came since. Whatever it cannot read has been
written too early: for two days after its migration a release writes what both can read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

from audiospective.clients.queues import ForbiddenTaskError
from audiospective.history.catalog import buckets, decode, dictionaries, encode
from audiospective.jobs import tasks

SINCE = ("forward_plays",)  # tasks that it does not know


@contextmanager
def at_work(complain: Callable[[str], None]) -> Iterator[None]:
    """Jobs are done as it does them; `complain` hears of what it cannot read."""
    head, encoded, begin = decode._head, encode.encode, buckets.Bucket.__init__
    known = buckets.known

    def read(facts: bytes) -> tuple[int, int]:
        if facts[0] != encode.FIRST_FORMAT:
            complain("a worker of the release before meets a block that it cannot read")
            raise decode.UnreadableBlockError("simulated: a later format")
        return head(facts)

    def written(kind: Any, entries: Any, _words: int = dictionaries.NONE) -> Any:
        return encoded(kind, entries)

    def opened(self: Any, family: Any, number: int, packed: bytes = b"", **_: Any) -> None:
        begin(self, family, number, packed)
        looked_into(packed)

    def looked_up(packed: bytes, *asked: Any) -> int | None:
        looked_into(packed)
        return known(packed, *asked)

    def looked_into(packed: bytes) -> None:
        if packed and packed[0] & buckets._NARROW:
            complain("a worker of the release before meets a bucket that it cannot read")

    def refused(*_: Any) -> None:
        raise ForbiddenTaskError("simulated: a task of a later release")

    decode.opened.cache_clear()  # a process of its own has opened nothing yet
    with ExitStack() as stack:
        for place, name, value in (
            (decode, "_head", read),
            (encode, "encode", written),
            (buckets.Bucket, "__init__", opened),
            (buckets, "known", looked_up),
            *((tasks, name, refused) for name in SINCE),
        ):
            stack.enter_context(patch.object(place, name, value))
        yield
