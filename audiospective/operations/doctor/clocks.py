"""Whether the clocks of this machine, the database and Redis agree."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from peewee import PeeweeException
from redis.exceptions import RedisError

from audiospective import clock
from audiospective.models import database, dialects
from audiospective.operations.doctor.finding import UNASKED, Finding
from audiospective.services import Services

APART = timedelta(seconds=60)  # clocks; leases and limits bear that much


def look(services: Services) -> Finding:
    """This machine's clock beside those of the database and of Redis."""
    apart = {}
    try:
        with database.connection_context():
            apart["the database"] = dialects.now() - clock.now()
    except (PeeweeException, OSError):
        pass
    try:
        seconds, _ = services.redis.time()
        apart["Redis"] = datetime.fromtimestamp(int(seconds), UTC) - clock.now()
    except RedisError:
        pass
    wrong = [
        f"{name} is {abs(distance).total_seconds():.0f} s"
        f" {'ahead' if distance > timedelta() else 'behind'}"
        for name, distance in apart.items()
        if abs(distance) > APART
    ]
    if wrong:
        return Finding("Clock", ", ".join(wrong), "Let NTP set the clocks of all machines.")
    return Finding("Clock", f"agrees with {' and '.join(apart)}" if apart else UNASKED)
