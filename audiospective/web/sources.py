"""Which requests get a thread: those of one source few at a time, so that it delays no other.

A source is an address that requests come from. Threads share one interpreter: whoever had all of
them at work, be it with light pages, would make everybody else's many times slower. What waits here
holds no thread and no connection to the database, only its own connection. When its turn comes, a
page whose visitor has left is not made (server.BoundedSocket.is_left), and a heavy one that has
waited for long is refused (heavy_pages.LONGEST), so that the wait of all others has an end.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from audiospective.policy import visitors

MAKING = 2  # answers of one source that are made at a time; pages that wait (heavy_pages) are none
# Threads that one source may have, those included that wait for its own slow line or for the pages
# before theirs. One member may have more pages than these waiting (policy.page_turns): a
# browser that opens many at once gets them one after the other, as far as heavy_pages.LONGEST lets
# them wait.
THREADS = 6

# Whether a process serves at all is asked from wherever visitors come from as well (a balancer in
# front of which no headers tell who they are), and must not wait for their pages.
_PROBE = re.compile(rb"[A-Z]+ /(?:healthz|readyz)[ ?]")
_FORWARDED = re.compile(rb"\r\nx-forwarded-for:([^\r\n]*)", re.IGNORECASE)

R = TypeVar("R")


@dataclass
class Sources(Generic[R]):
    """What waits for a thread, and what has one, of one process; for the thread that accepts."""

    start: Callable[[R], None]  # gives a request its thread
    _waiting: list[tuple[R, str]] = field(default_factory=list)
    _making: dict[R, str] = field(default_factory=dict)
    _threads: dict[R, str] = field(default_factory=dict)

    def arrived(self, one: R, source: str) -> None:
        """A request is there; it gets its thread at once or in its turn.

        Those of nobody in particular, a `source` that is empty, are not held back.
        """
        self._waiting.append((one, source))
        self._go_on()

    def made(self, one: R) -> None:
        """From now on it waits, for its visitor or its turn; may be told more than once."""
        if self._making.pop(one, None) is not None:
            self._go_on()

    def ended(self, one: R) -> None:
        """Its thread is free again."""
        self._making.pop(one, None)
        self._threads.pop(one, None)
        self._go_on()

    def _go_on(self) -> None:
        """Start all that may, who came first first."""
        making, threads = Counter(self._making.values()), Counter(self._threads.values())
        later = []
        for one, source in self._waiting:
            if source and (making[source] >= MAKING or threads[source] >= THREADS):
                later.append((one, source))
                continue
            making[source] += 1
            threads[source] += 1
            self._making[one] = self._threads[one] = source
            self.start(one)
        self._waiting = later


def source(head: bytes, peer: str, proxies: int) -> str:
    """Whom a request comes from; `head` are the bytes it begins with, `proxies` ours before us.

    Empty for a proxy nearby of which the settings say nothing: behind it everybody would be one.
    Probes are a source of their own.
    """
    end = head.find(b"\r\n\r\n") + 2
    told = b",".join(_FORWARDED.findall(head, 0, end))
    if told and not proxies and visitors.is_near(peer):
        return ""
    visitor = visitors.visitor(visitors.forwarded(peer, told.decode("latin-1"), proxies))
    return f"{visitor} probes" if _PROBE.match(head) else visitor
