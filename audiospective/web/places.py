"""The founding offer as the landing page shows it: how many places, and which door is open."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from enum import StrEnum

from peewee import PeeweeException, fn

from audiospective import clock
from audiospective.models import Connection, User
from audiospective.models.apps import ENVIRONMENT_APP
from audiospective.models.connections import DISCONNECTED
from audiospective.settings import Settings

log = logging.getLogger(__name__)
FEW = 25
KEEP_SECONDS = 30.0  # how old a number the page may show; the callback decides, not the page


class Door(StrEnum):
    """What a visitor can do."""

    OPEN = "open"
    FEW = "few"
    FULL = "full"  # every founding place is taken
    NO_SEAT = "no_seat"  # places are left, but Spotify's app has no seat free
    UNKNOWN = "unknown"  # the counter does not answer; the callback still decides


@dataclass(frozen=True)
class Places:
    """`seats` is None where Spotify sets no limit."""

    taken: int
    cap: int
    seats: int | None
    seated: int

    @property
    def left(self) -> int:
        return max(0, self.cap - self.taken)

    @property
    def door(self) -> Door:
        if self.left == 0:
            return Door.FULL
        if self.seats is not None and self.seated >= self.seats:
            return Door.NO_SEAT
        return Door.FEW if self.left <= FEW else Door.OPEN


def count(settings: Settings) -> Places:
    """Read the numbers; one query. Raises PeeweeException if the database does not answer."""
    seated = Connection.select(fn.COUNT(1)).where(
        (Connection.app == ENVIRONMENT_APP) & (Connection.status != DISCONNECTED)
    )
    # The highest number given, not the number of members: a number is never given twice.
    taken, occupied = User.select(fn.COALESCE(fn.MAX(User.founding_number), 0), seated).scalar(
        as_tuple=True
    )
    return Places(int(taken), settings.founding_member_cap, settings.spotify_seats, int(occupied))


class Counter:
    """The numbers, read at most every KEEP_SECONDS by each process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._places: Places | None = None
        self._read_at: float | None = None

    def read(self, settings: Settings) -> Places | None:
        """The places, or None while they cannot be counted."""
        with self._lock:
            now = clock.monotonic()
            if self._read_at is None or now - self._read_at >= KEEP_SECONDS:
                try:
                    self._places = count(settings)
                except PeeweeException:
                    log.exception("the founding places cannot be counted")
                    self._places = None
                self._read_at = now
            return self._places
