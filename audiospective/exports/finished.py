"""Where finished exports are kept, and how they go. Loads no Polars."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from audiospective import clock, log
from audiospective.clients.deadline import Deadline
from audiospective.clients.storage import Storage, StorageError
from audiospective.models.exports import EXPIRED, READY, UNFINISHED, Export
from audiospective.policy.export_rules import LISTED

FOLDER = "exports"
GRACE = timedelta(hours=1)  # a worker may have stored a file and not yet said so


def new_key(export: Export) -> str:
    """A key that nobody guesses; what two workers write never meets."""
    return f"{FOLDER}/{export.user_id}/{export.id}-{secrets.token_hex(16)}"


def prefix(user_id: int) -> str:
    """Under which everything of one member is stored."""
    return f"{FOLDER}/{user_id}"


def expire(storage: Storage, export: Export) -> bool:
    """Delete a file and say so on its row; False if somebody did already. Raises StorageError."""
    if export.key:
        storage.delete(export.key)
    gone = (Export.id == export.id) & (Export.status == READY)
    values = {"status": EXPIRED, "changed_at": clock.now(), "key": None}
    return bool(Export.update(**values).where(gone).execute())


def tidy(storage: Storage, now: datetime, end: Deadline | None = None) -> int:
    """Let go of what has expired, of old lines and of files that no line speaks of; how many.

    What is not begun by `end` is left for the next time.
    """
    old = (Export.changed_at < now - LISTED) & Export.status.not_in((READY, *UNFINISHED))
    Export.delete().where(old).execute()
    past = Export.select().where((Export.status == READY) & (Export.expires_at <= now))
    gone = 0
    for export in list(past.order_by(Export.expires_at)):
        if _is_over(end):
            return gone
        gone += _tried(storage, export)
    return gone + _sweep(storage, now, end)


def _is_over(end: Deadline | None) -> bool:
    return end is not None and not end.remaining()


def _tried(storage: Storage, export: Export) -> bool:
    try:
        return expire(storage, export)
    except StorageError as error:  # tried again with the next round
        log.trouble("export_not_deleted", error, export=export.id)
        return False


def _sweep(storage: Storage, now: datetime, end: Deadline | None) -> int:
    """Files whose worker died before it could say that they are there, or whose member left."""
    gone = 0
    if _is_over(end):
        return gone
    try:
        stored = [one for one in storage.list(FOLDER) if now - one.modified_at > GRACE]
        known = {
            key for (key,) in Export.select(Export.key).where(Export.key.is_null(False)).tuples()
        }
        orphans = [one.key for one in stored if one.key not in known]
        for key in orphans:
            if _is_over(end):
                break
            storage.delete(key)
            gone += 1
    except StorageError as error:
        log.trouble("exports_not_swept", error)
    return gone
