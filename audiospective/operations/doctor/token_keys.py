"""Whether TOKEN_KEYS opens the tokens in the database: without them nobody can be polled."""

from __future__ import annotations

from peewee import PeeweeException

from audiospective.models import Connection, database
from audiospective.models.connections import REFRESH_PLACE
from audiospective.operations.doctor.finding import UNASKED, Finding
from audiospective.services import Services
from audiospective.vault import VaultError

LOOKED_AT = 1000  # connections, the newest consents first


def look(services: Services) -> Finding:
    """Open the tokens of those who connected last; nothing of them is kept or shown."""
    newest = (
        Connection.select(Connection.user, Connection.refresh_encrypted)
        .where(Connection.refresh_encrypted != "")
        .order_by(Connection.authorized_at.desc())
        .limit(LOOKED_AT)
    )
    try:
        with database.connection_context():
            rows = list(newest.tuples())
    except (PeeweeException, OSError):
        return Finding("Token keys", UNASKED, "Repair the database first.")
    closed = sum(not _opens(services, user_id, token) for user_id, token in rows)
    if closed:
        return Finding(
            "Token keys",
            f"{closed:,} of {len(rows):,} tokens cannot be opened",
            "Put the former key behind the first one in TOKEN_KEYS, restart, and run rotate-keys; "
            "without it these members have to reconnect.",
        )
    return Finding("Token keys", f"open all of {len(rows):,} tokens" if rows else "no tokens yet")


def _opens(services: Services, user_id: int, token: str) -> bool:
    try:
        services.vault.decrypt(REFRESH_PLACE, user_id, token)
    except VaultError:
        return False
    return True
