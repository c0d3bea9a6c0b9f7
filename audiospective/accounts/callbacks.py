"""Visits to Spotify that have come back: each is settled once, and a repetition undoes nothing."""

from __future__ import annotations

from datetime import datetime, timedelta

from audiospective import clock
from audiospective.models import User
from audiospective.models.sessions import SettledCallback
from audiospective.notices import mail_tokens

UNDER_WAY = timedelta(seconds=30)  # longer than Spotify is asked
REPEATED = timedelta(minutes=1)  # how long a second click or a reload ends as the first did
KEPT = timedelta(hours=1)  # longer than a flow lives


def claim(state: str) -> SettledCallback | None:
    """Take this visit; None if it is ours now, else what an earlier request made of it."""
    now = clock.now()
    forget(now)
    key = mail_tokens.digest(state)
    taken = (
        SettledCallback.insert(state_hash=key, claimed_at=now)
        .on_conflict_ignore()
        .returning(SettledCallback.state_hash)
        .execute()
    )
    if list(taken):
        return None
    earlier: SettledCallback = SettledCallback.get_by_id(key)
    return earlier


def remember(state: str, user_id: int, next_path: str) -> None:
    """Keep whom the visit signed in and where it led, for a repetition by the same browser."""
    SettledCallback.update(user=user_id, next_path=next_path).where(
        SettledCallback.state_hash == mail_tokens.digest(state)
    ).execute()


def signed_in(earlier: SettledCallback) -> User | None:
    """Whom the earlier request signed in, if that was just now."""
    if earlier.user_id is None or clock.now() - earlier.claimed_at > REPEATED:
        return None
    # Together: a sign-out everywhere empties the one and changes the other.
    same = SettledCallback.state_hash == earlier.state_hash
    query = User.select().join(SettledCallback, on=SettledCallback.user == User.id)
    user: User | None = query.where(same).first()
    return user


def under_way(earlier: SettledCallback) -> bool:
    """Whether the earlier request is still being answered."""
    return earlier.user_id is None and clock.now() - earlier.claimed_at < UNDER_WAY


def forget(now: datetime) -> int:
    """Delete visits that nothing can repeat any more; how many there were."""
    return int(SettledCallback.delete().where(SettledCallback.claimed_at < now - KEPT).execute())
