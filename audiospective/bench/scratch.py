"""A scratch database for benches, and members in it; without Polars, like a polling worker."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from audiospective import clock, models
from audiospective.models import User


class NotEmptyError(Exception):
    """The database holds an archive: a bench writes only into an empty one."""


@contextmanager
def scratch(url: str | None) -> Iterator[str]:
    """An empty, migrated database: `url`, or a SQLite file that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="audiospective-bench-") as home:
        chosen = url or f"sqlite:///{Path(home) / 'bench.db'}"
        bound = models.bind(chosen)
        models.migrate()
        with bound.connection_context():
            if User.select().exists():
                raise NotEmptyError
            yield chosen


def member(number: int) -> int:
    """A member with a zone that changes its clocks; the id."""
    user = User.create(
        spotify_account_id=f"bench-{number}",
        timezone="Europe/Berlin",
        minute_offset=number % 60,
        session_key=f"bench-{number}",
        created_at=clock.now(),
    )
    return int(user.id)
