"""Sessions of members: begun by a sign-in, proven anew, ended one by one or all at once."""

from __future__ import annotations

import secrets

from peewee import PeeweeException

from audiospective import clock
from audiospective.exports import forwarding, schedule
from audiospective.models import ApiToken, SharedLink, User, transaction
from audiospective.models.base import agreed_now
from audiospective.models.database_away import says_full
from audiospective.models.export_schedules import BUCKET
from audiospective.models.sessions import Session, SettledCallback
from audiospective.models.sign_in_links import SignInLink
from audiospective.notices import mail_tokens
from audiospective.policy import sessions as rules
from audiospective.policy.sessions import Dates

AT_MOST = 50  # sessions of one member; the ones that were not used for longest go first


def begin(user: User, way: str, device: str) -> str:
    """Sign `user` in, and return the key that their browser keeps. `way`: spotify or email.

    Raises SignedOutError if they signed out everywhere since `user` was read.
    """
    now = clock.now()
    key = new_key()
    with transaction():
        user.still_signed_in()
        kept = (
            Session.select(Session.id)
            .where(Session.user == user.id)
            .order_by(Session.seen_at.desc(), Session.id.desc())
            .offset(AT_MOST - 1)
            .limit(1000)
        )
        Session.delete().where(Session.id.in_([row.id for row in kept])).execute()
        Session.create(
            user=user,
            key_hash=mail_tokens.digest(key),
            begun_at=now,
            proven_at=now,
            seen_at=now,
            way=way,
            device=device,
        )
    return key


def find(key: str) -> Session | None:
    """The session of a key, with its member, while it lasts."""
    found: Session | None = (
        Session.select(Session, User)
        .join(User)
        .where(Session.key_hash == mail_tokens.digest(key))
        .first()
    )
    return found if found is not None and rules.alive(dates(found), clock.now()) else None


def dates(session: Session) -> Dates:
    return Dates(session.begun_at, session.proven_at, session.seen_at)


def prove(session: Session, way: str) -> str | None:
    """The session's member has proven anew who they are: a new key, and copies of the old end.

    None if the session was ended meanwhile.
    """
    now = clock.now()
    key = new_key()
    changed = (
        Session.update(
            key_hash=mail_tokens.digest(key), begun_at=now, proven_at=now, seen_at=now, way=way
        )
        .where(Session.id == session.id, Session.key_hash == session.key_hash)
        .execute()
    )
    return key if changed else None


def note(session: Session) -> bool:
    """Write down that the session is in use, once an hour; True when it was time.

    A full disk keeps nobody from reading: then it is written down later.
    """
    now = clock.now()
    if not rules.to_note(dates(session), now):
        return False
    try:
        Session.update(seen_at=now).where(Session.id == session.id).execute()
    except PeeweeException as error:
        if not says_full(error):
            raise
        return False
    return True


def of(user: User) -> list[Session]:
    """The sessions that still sign `user` in, the latest used first."""
    rows = Session.select().where(Session.user == user.id)
    now = clock.now()
    return [
        row
        for row in rows.order_by(Session.seen_at.desc(), Session.id.desc())
        if rules.alive(dates(row), now)
    ]


def end(user: User, session_id: int) -> bool:
    """End one session of `user`, copies of its cookie included; False if it is not theirs."""
    where = (Session.id == session_id) & (Session.user == user.id)
    return bool(Session.delete().where(where).execute())


def end_all(user: User) -> None:
    """End every session of `user`, every link and repetition that would sign in again, every
    shared link, every API token, sending plays on, and monthly exports into a bucket.

    Whoever had a session may have named a server or a bucket of their own for that. Whatever else
    carries `session_key` (links to exports) ends with it.
    """
    with transaction():
        # First, so that it waits for what is being made, and the rest finds that.
        User.update(session_key=new_key()).where(User.id == user.id).execute()
        Session.delete().where(Session.user == user.id).execute()
        visits = SettledCallback.update(user=None, next_path="")
        visits.where(SettledCallback.user == user.id).execute()
        SharedLink.delete().where(SharedLink.user == user.id).execute()  # whoever made them
        ApiToken.delete().where(ApiToken.user == user.id).execute()
        if user.email and user.email_verified_at is not None:
            SignInLink.delete().where(SignInLink.email == user.email).execute()
        # After the user's row, as where a failure to send is noted.
        forwarding.stop(user.id)
        schedule.stop(user.id, only=BUCKET)


def drop_ended() -> int:
    """Drop the sessions that are over by this machine's clock and by the database's; how many."""
    now = agreed_now()
    over = (Session.seen_at < now - rules.IDLE) | (Session.begun_at < now - rules.LONGEST)
    return int(Session.delete().where(over).execute())


def new_key() -> str:
    """A key that nobody can guess: 256 bits."""
    return secrets.token_urlsafe(32)
