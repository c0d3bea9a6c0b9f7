"""A Spotify account attached to an archive that had none: its owner is told and can undo it."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from audiospective.accounts import connection, sessions
from audiospective.clients.spotify import Profile
from audiospective.models import Connection, User, transaction
from audiospective.notices import outbox, signed_links
from audiospective.notices.kinds import spotify_attached
from audiospective.services import Services

UNDO_WITHIN = timedelta(days=30)
LINK_VALUES = 2  # whose archive, and which account


def tell(services: Services, user: User, profile: Profile, now: datetime) -> None:
    """Owe the e-mail to the address by which the archive was opened, in the same transaction."""
    if not user.email or user.email_verified_at is None:
        return
    until = now + UNDO_WITHIN
    account = _mark_of(profile)
    token = signed_links.sign(
        services.settings, signed_links.DETACH, user.id, account, expires_at=until
    )
    spotify_attached.put(services, user, token, until)


def hurry(services: Services) -> None:
    """Have that e-mail sent at once; after the commit."""
    outbox.hurry(services)


def find(services: Services, token: str) -> User | None:
    """The member whose attached account a link can still take away; looking changes nothing."""
    found = signed_links.read(services.settings, signed_links.DETACH, token)
    if found is None or not found[1] or len(found[0]) != LINK_VALUES:
        return None
    user_id, account = found[0]
    user: User | None = User.get_or_none(User.id == user_id)
    if user is None or user.spotify_account_id is None:
        return None
    return user if _mark(user.spotify_account_id) == account else None


def undo(services: Services, token: str) -> bool:
    """Take the account away again, and sign everybody out; the plays stay. False if it is gone.

    The link is enough: it went to the address that owned the archive before, and whoever attached
    the account may hold every session.
    """
    with transaction():
        user = find(services, token)
        if user is None:
            return False
        connection.disconnect(user.id)
        Connection.update(detached_account=_mark(user.spotify_account_id)).where(
            Connection.user == user.id
        ).execute()
        User.update(spotify_account_id=None, spotify_id=None, display_name=None).where(
            User.id == user.id
        ).execute()
        sessions.end_all(user)
    return True


def comes_back(user_id: int, profile: Profile) -> bool:
    """Whether the account is the one that was taken away from this archive last."""
    found = Connection.get_or_none(Connection.user == user_id)
    return found is not None and found.detached_account == _mark_of(profile)


def _mark_of(profile: Profile) -> str:
    return _mark(str(profile.account_id or profile.spotify_id))


def _mark(account: str) -> str:
    """What a link tells of an account: enough to know it again, and not the account."""
    return hashlib.sha256(account.encode()).hexdigest()[:16]
