"""Counts the HTTP requests of each thread, so that a poll knows what it cost in all its tries."""

from __future__ import annotations

import threading

_local = threading.local()


def sends() -> int:
    """Requests that this thread sent to Spotify since it began."""
    return int(getattr(_local, "sends", 0))


def count() -> None:
    """One more request."""
    _local.sends = sends() + 1
