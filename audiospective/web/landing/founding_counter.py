"""The founding counter of the landing page: read seldom, missing when the database is away."""

from __future__ import annotations

import threading

from peewee import PeeweeException

from audiospective import clock, log
from audiospective.accounts import seats
from audiospective.policy.founding import Places
from audiospective.services import Services

KEEP_SECONDS = 30.0  # how old a number the page may show; the callback decides, not the page
UNKNOWN = "unknown"  # what is said to be open while nobody can count


class Counter:
    """The numbers, read at most every KEEP_SECONDS by each process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._places: Places | None = None
        self._read_at: float | None = None

    def read(self, services: Services) -> Places | None:
        """The places, or None while they cannot be counted."""
        with self._lock:
            now = clock.monotonic()
            if self._read_at is None or now - self._read_at >= KEEP_SECONDS:
                try:
                    self._places = seats.places(services)
                except PeeweeException as error:
                    log.trouble("founding_places_not_counted", error)
                    self._places = None
                self._read_at = now
            return self._places
