"""Trials of what members name (a bucket, a server, an app), which wait for somebody else's server.

It may take its time, up to half a minute, and a trial has a thread for as long.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from werkzeug.exceptions import ServiceUnavailable

from audiospective.web.access import person
from audiospective.web.long_bodies import Turns

TURNS = Turns(above=0, at_once=4, of_one=1)  # of the threads of a process


@contextmanager
def turn() -> Iterator[None]:
    """One trial of the member who is signed in; answers 503 if there are too many already."""
    member = person().id
    if not TURNS.take(member):
        raise ServiceUnavailable(retry_after=30)
    try:
        yield
    finally:
        TURNS.give_back(member)
