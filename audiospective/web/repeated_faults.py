"""One line in the log for what every request meets, and how often it was met since, each minute."""

from __future__ import annotations

import secrets
import threading
from dataclasses import dataclass

from flask import Flask, Response, current_app

from audiospective import clock, log

EVERY = 60.0  # seconds
NAME = "repeated_faults"


@dataclass
class _Met:
    logged_at: float
    reference: str
    again: int = 0


class RepeatedFaults:
    """What one process met of faults that are not its own, by the name of their event."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._met: dict[str, _Met] = {}

    def tell(self, name: str, error: BaseException, **fields: str) -> str:
        """Write a line if none was written for a minute; the reference of the last one."""
        now = clock.monotonic()
        with self._lock:
            known = self._met.get(name)
            if known is not None and now - known.logged_at < EVERY:
                known.again += 1
                return known.reference
        self.count()
        reference = secrets.token_hex(4)
        with self._lock:
            self._met[name] = _Met(now, reference)
        log.trouble(name, error, **fields, reference=reference)
        return reference

    def count(self) -> None:
        """Write how often what was met a minute ago, or longer, was met again."""
        now = clock.monotonic()
        over = []
        with self._lock:
            for name, one in self._met.items():
                if one.again and now - one.logged_at >= EVERY:
                    over.append((name, one.again, one.reference))
                    one.logged_at, one.again = now, 0
        for name, again, reference in over:
            log.event(name, log.ERROR, again=again, reference=reference)


def install(app: Flask) -> None:
    """Counts are written with the first request after a minute, whatever it asks for."""
    app.extensions[NAME] = faults = RepeatedFaults()

    @app.after_request
    def counted(response: Response) -> Response:
        faults.count()
        return response


def tell(name: str, error: BaseException, **fields: str) -> str:
    """See RepeatedFaults.tell; in a request."""
    faults: RepeatedFaults = current_app.extensions[NAME]
    return faults.tell(name, error, **fields)
