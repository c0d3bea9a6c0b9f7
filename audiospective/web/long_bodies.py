"""Long bodies: few at a time, so that whoever sends slowly holds no thread that others need.

The server awaits up to 64 KB without a thread (web.server). A longer body is read by one, which a
sender can hold for as long as a little comes every second; and files of a form lie on our disk
until all of them are there.
"""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field

from flask import Flask, abort, g, request
from flask_login import current_user

LONG = 64 * 1024  # bytes


@dataclass(frozen=True)
class Turns:
    """How many bodies of more than `above` bytes one process reads at a time, and of one member."""

    above: int
    at_once: int
    of_one: int
    _held: Counter[int] = field(default_factory=Counter, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def take(self, member: int) -> bool:
        """One more of this member's; False if that would be too many."""
        with self._lock:
            if self._held.total() >= self.at_once or self._held[member] >= self.of_one:
                return False
            self._held[member] += 1
            return True

    def give_back(self, member: int) -> None:
        with self._lock:
            self._held[member] -= 1
            if not self._held[member]:
                del self._held[member]


# Of the threads of a process. One member's tabs send a piece (4 MB) at a time each.
ALL = (Turns(LONG, at_once=8, of_one=3), Turns(8 << 20, at_once=2, of_one=1))


def install(app: Flask) -> None:
    """Has to come after strangers' long bodies are refused, and before any is read."""

    @app.before_request
    def await_turn() -> None:
        size = request.content_length
        if size is None and "Transfer-Encoding" in request.headers:
            size = request.max_content_length  # it may become as long as that
        wanted = [turns for turns in ALL if (size or 0) > turns.above]
        if not wanted or (member := _member()) is None:
            return
        g.turns = taken = []
        for turns in wanted:
            if not turns.take(member):
                abort(503)
            taken.append((turns, member))

    @app.teardown_request
    def give_back(_error: BaseException | None) -> None:
        for turns, member in g.pop("turns", ()):
            turns.give_back(member)


def _member() -> int | None:
    """Who sends it, by session or token; None for strangers, whose long bodies are not read."""
    token = g.get("api_token")  # looked up where programs may send more
    if token is not None:
        return int(token.user_id)
    return int(current_user.user.id) if current_user.is_authenticated else None
