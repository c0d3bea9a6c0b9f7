"""API tokens: made, found by what a program shows, listed, ended; they expire by themselves."""

from __future__ import annotations

import hashlib
import secrets
import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta

from audiospective import clock
from audiospective.models import ApiToken, User, transaction
from audiospective.policy import api_scopes

AT_MOST = 25  # tokens of one member at a time
NAME_LENGTH = 60
PREFIX = 8  # characters of a token that stay known
LENGTH = 36


class TooManyError(Exception):
    """This member has AT_MOST tokens; one has to end first."""


def make(user: User, name: str, scopes: Iterable[str], days: int) -> str:
    """A new token for `days` (one of api_scopes.DAYS), known to nobody but the caller afterwards.

    Written as a UUID, 122 random bits: clients of ListenBrainz refuse what looks otherwise.
    Raises TooManyError and SignedOutError.
    """
    allowed = api_scopes.known(scopes)
    if days not in api_scopes.DAYS or not allowed:
        raise ValueError(f"a token cannot allow {allowed} for {days} days")
    now = clock.now()
    token = str(uuid.UUID(bytes=secrets.token_bytes(16), version=4))
    with transaction():
        user.still_signed_in()
        forget(now)
        if ApiToken.select().where(ApiToken.user == user.id).count() >= AT_MOST:
            raise TooManyError
        ApiToken.create(
            user=user.id,
            name=name[:NAME_LENGTH],
            token_sha256=_digest(token),
            prefix=token[:PREFIX],
            scopes=" ".join(allowed),
            created_at=now,
            expires_at=now + timedelta(days=days),
        )
    return token


def find(token: str) -> ApiToken | None:
    """The token with its member, None if there is none or it has expired; notes that it is used."""
    if len(token) != LENGTH:
        return None
    now = clock.now()
    found: ApiToken | None = (
        ApiToken.select(ApiToken, User)
        .join(User)
        .where(ApiToken.token_sha256 == _digest(token), ApiToken.expires_at > now)
        .first()
    )
    if found is not None and api_scopes.to_note(found.used_at, now):
        ApiToken.update(used_at=now).where(ApiToken.id == found.id).execute()
    return found


def of(user: User) -> list[ApiToken]:
    """The tokens of a member that still open something, the newest first."""
    mine = (ApiToken.user == user.id) & (ApiToken.expires_at > clock.now())
    return list(ApiToken.select().where(mine).order_by(ApiToken.id.desc()))


def end(user: User, number: int) -> bool:
    """Let a token of this member open nothing any more; False if there was none."""
    mine = (ApiToken.user == user.id) & (ApiToken.id == number)
    return bool(ApiToken.delete().where(mine).execute())


def forget(now: datetime) -> int:
    """Delete tokens that have expired; how many there were."""
    return int(ApiToken.delete().where(ApiToken.expires_at <= now).execute())


def _digest(token: str) -> str:
    return hashlib.sha256(token.lower().encode()).hexdigest()
