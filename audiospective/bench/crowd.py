"""Members in bulk: rows as sign-up would leave them, without the plays."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from audiospective import clock
from audiospective.accounts import spotify_app
from audiospective.models import Connection, Play, User, database, dialects, transaction
from audiospective.models.connections import ACCESS_PLACE, REFRESH_PLACE
from audiospective.services import Services

CHUNK = 20_000
HALF_YEAR = timedelta(days=182)
TOKEN = "x" * 220  # as long as Spotify's
MINUTE = 60_000  # ms


def fill(services: Services, count: int, due: Sequence[tuple[datetime, float]]) -> None:
    """`count` members with connections; `due`: when they are next polled, and their rate.

    Both are taken in turn, so fewer than `count` will do.
    """
    app, now = spotify_app.environment_app(services), clock.now()
    access = services.vault.encrypt(ACCESS_PLACE, 1, TOKEN)
    refresh = services.vault.encrypt(REFRESH_PLACE, 1, TOKEN[:131])
    people = (
        {
            "id": number + 1, "spotify_account_id": f"bench-{number}", "minute_offset": number % 60,
            "session_key": f"bench-{number}", "created_at": now, "timezone": "Europe/Berlin",
            "tier": "pro" if number % 19 == 0 else "free",  # in every window some
        }
        for number in range(count)
    )  # fmt: skip
    _load(User, people)
    dialects.numbered_by_hand("users")
    connections = (
        {
            "user": number + 1, "app": app.id, "scope": "user-read-recently-played",
            "access_encrypted": access, "access_expires_at": now + timedelta(minutes=30),
            "refresh_encrypted": refresh, "authorized_at": now - timedelta(days=30),
            "reauth_due_at": now - timedelta(days=30) + HALF_YEAR,
            "next_poll_at": due[number % len(due)][0],
            "plays_per_hour": due[number % len(due)][1],
            "last_polled_at": now - timedelta(minutes=30),
            "last_success_at": now - timedelta(minutes=30),
            "newest_play_at": now - timedelta(hours=1),
        }
        for number in range(count)
    )  # fmt: skip
    _load(Connection, connections)
    dialects.vacuum("users", "connections")
    database.execute_sql("ANALYZE")


def hot_tails(count: int, longest: int) -> None:
    """Rows of plays as long after a sealing: from half of `longest` to all of it, evenly."""
    now = clock.to_ms(clock.now())
    rows = (
        {"user": number + 1, "played_at": now - (place + 1) * 4 * MINUTE, "track": 1}
        for number in range(count)
        for place in range(longest // 2 + number * 61 % (longest // 2))
    )
    _load(Play, rows)


def _load(model: Any, rows: Iterable[dict[str, Any]]) -> None:
    columns = model._meta.sorted_fields
    names = ", ".join(column.column_name for column in columns)
    stream = _tuples(columns, rows)
    while chunk := list(islice(stream, CHUNK)):
        with transaction():
            dialects.load(f"{model._meta.table_name} ({names})", chunk)


def _tuples(columns: Sequence[Any], rows: Iterable[dict[str, Any]]) -> Iterator[tuple[Any, ...]]:
    for row in rows:
        yield tuple(column.db_value(row.get(column.name, column.default)) for column in columns)
