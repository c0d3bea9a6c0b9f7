"""Shared links: made, found by their token, listed, ended; they expire by themselves."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

from audiospective import clock
from audiospective.models import SharedLink, User, transaction

PROFILE = "profile"
DAYS = (1, 7, 30, 365)  # for how long a link may be made
AT_MOST = 50  # links of one member at a time


class TooManyError(Exception):
    """This member has AT_MOST links; one has to end first."""


def make(user: User, subject: str, days: int, zone: str) -> str:
    """A new link for `days` (one of DAYS); its token, which is known to nobody afterwards.

    Raises TooManyError and SignedOutError.
    """
    if days not in DAYS:
        raise ValueError(f"a link cannot last {days} days")
    now = clock.now()
    token = secrets.token_urlsafe(24)
    with transaction():
        user.still_signed_in()
        forget(now)
        if SharedLink.select().where(SharedLink.user == user.id).count() >= AT_MOST:
            raise TooManyError
        SharedLink.create(
            user=user.id,
            token_sha256=_digest(token),
            subject=subject,
            zone=zone,
            created_at=now,
            expires_at=now + timedelta(days=days),
        )
    return token


def find(token: str) -> SharedLink | None:
    """The link with this token and its member, None if there is none or it has expired."""
    found: SharedLink | None = (
        SharedLink.select(SharedLink, User)
        .join(User)
        .where(SharedLink.token_sha256 == _digest(token), SharedLink.expires_at > clock.now())
        .first()
    )
    return found


def of(user: User) -> list[SharedLink]:
    """The links of a member that still open, the newest first."""
    mine = (SharedLink.user == user.id) & (SharedLink.expires_at > clock.now())
    return list(SharedLink.select().where(mine).order_by(SharedLink.id.desc()))


def end(user: User, number: int) -> bool:
    """Let a link of this member open nothing any more; False if there was none."""
    mine = (SharedLink.user == user.id) & (SharedLink.id == number)
    return bool(SharedLink.delete().where(mine).execute())


def forget(now: datetime) -> int:
    """Delete links that have expired; how many there were."""
    return int(SharedLink.delete().where(SharedLink.expires_at <= now).execute())


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
