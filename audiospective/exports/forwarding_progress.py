"""What is written down of sending plays on: what was sent, how far it is, what failed."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from audiospective import clock
from audiospective.models import User, transaction
from audiospective.models.forwards import Forward, ForwardedPlay
from audiospective.notices.kinds import forwarding_failed
from audiospective.policy import listen_servers
from audiospective.policy.forwarding import Key
from audiospective.services import Services

CHUNK = 200  # rows a statement


class EndedError(Exception):
    """The member ended it, chose another server or left while the round was under way."""


def note(row: Forward, keys: Sequence[Key], gone: Sequence[Key] = ()) -> None:
    """Raises EndedError: whoever ended it wants nothing kept of what was sent."""
    rows = [{"user": row.user_id, "played_at": at, "track": track} for at, track in keys]
    with transaction():
        if not update(row, {Forward.sent: Forward.sent}):  # held until the keys are written
            raise EndedError
        for at, track in gone:
            ForwardedPlay.delete().where(
                (ForwardedPlay.user == row.user_id) & (ForwardedPlay.played_at == at)
                & (ForwardedPlay.track == track)
            ).execute()  # fmt: skip
        for start in range(0, len(rows), CHUNK):
            ForwardedPlay.insert_many(rows[start : start + CHUNK]).on_conflict_ignore().execute()


def failed(
    services: Services,
    row: Forward,
    sentence: str,
    *,
    refused: bool = False,
    pause: timedelta = timedelta(0),
) -> None:
    """Note it, wait longer each time, `pause` at least, and tell the member once."""
    now = clock.now()
    failures = min(row.failures + 1, 100)
    since = row.failing_since or now
    with transaction():
        there = update(
            row,
            {
                Forward.failures: failures,
                Forward.failing_since: since,
                Forward.refused: refused,
                Forward.error: sentence,
                Forward.next_at: now + max(pause, listen_servers.pause(failures)),
            },
        )
        if not there:
            return
        if refused or now - since >= listen_servers.TELL_AFTER:
            user = User.get_by_id(row.user_id)
            ended = _name(row) if refused else ""
            forwarding_failed.put(services, user, since, sentence, ended=ended)


def _name(row: Forward) -> str:
    """Of a token as it was given: the same one that is saved again is encrypted anew."""
    return hashlib.sha256(row.token_encrypted.encode()).hexdigest()[:32]


def update(row: Forward, values: dict[Any, Any]) -> int:
    """Only while it is still this server; how many rows that are, 1 or 0."""
    return int(Forward.update(values).where(unchanged(row)).execute())


def unchanged(row: Forward) -> Any:
    """The member may have ended it, or chosen another server or token meanwhile."""
    return (
        (Forward.user == row.user_id)
        & (Forward.root == row.root)
        & (Forward.token_encrypted == row.token_encrypted)
    )
