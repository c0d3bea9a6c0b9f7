"""Sign-in by a link in an e-mail: for archives that live from imports, and as a second key."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime, timedelta

from audiospective import clock, log
from audiospective.accounts import members, sessions
from audiospective.models import User, transaction
from audiospective.models.sign_in_links import SignInLink
from audiospective.notices import mail_tokens, outbox
from audiospective.notices.kinds import sign_in_link as emails
from audiospective.services import Services

GOOD_FOR = timedelta(minutes=30)
AT_MOST = 3  # links to one address that are
STILL_GOOD = timedelta(minutes=10)  # for so long yet


def send(
    services: Services,
    email: str,
    next_path: str,
    *,
    seldom: Callable[[], bool] = lambda: True,
    rarely: Callable[[], bool] = lambda: True,
    allowed: Callable[[], bool] = lambda: True,
) -> None:
    """Send a link to `email` (normalized), known or not: opening an account takes a link, too.

    Whoever asks again and again gets no more than AT_MOST links that are good for a while yet, so
    that nobody can fill a stranger's inbox; and there is always one of them in a member's, so that
    nobody can keep them out. `seldom` spends what one address gets in a day, `rarely` what one that
    opens no archive gets after that, `allowed` the allowance of e-mails of all visitors together,
    each only if one is owed. Once `seldom` is used up, a link comes only where no good one is
    there; members get it for as long as they ask, also when `allowed` is used up.
    """
    now = clock.now()
    token = mail_tokens.new_token()
    expires_at = now + GOOD_FOR
    known = bool(archives(email))
    good = (SignInLink.email == email) & SignInLink.used_at.is_null()
    good &= SignInLink.expires_at > now + STILL_GOOD
    there = SignInLink.select().where(good).count()
    if there >= AT_MOST or (not seldom() and (there or not (rarely() or known))):
        log.event("sign_in_link_not_repeated")
        return
    if not allowed() and not known:
        log.event("sign_in_link_withheld", log.WARNING)
        return
    with transaction():
        forget(now)
        SignInLink.insert(
            token_hash=mail_tokens.digest(token),
            email=email,
            next_path=next_path,
            created_at=now,
            expires_at=expires_at,
        ).execute()
        emails.put(services, email, token, expires_at, known=known)
    outbox.hurry(services)


def forget(now: datetime) -> int:
    """Delete links that are good for nothing any more, with their addresses; how many."""
    return int(SignInLink.delete().where(SignInLink.expires_at < now).execute())


def find(token: str) -> SignInLink | None:
    """The link of a token while it is good; looking does not use it up."""
    found: SignInLink | None = SignInLink.get_or_none(
        (SignInLink.token_hash == mail_tokens.digest(token))
        & SignInLink.used_at.is_null()
        & (SignInLink.expires_at > clock.now())
    )
    return found


def archives(email: str) -> list[User]:
    """The archives whose owners have proven this address, oldest first."""
    query = User.select().where(User.email == email, User.email_verified_at.is_null(False))
    return list(query.order_by(User.id))


def use(link: SignInLink, archive_id: int | None = None) -> User | None:
    """Use a link up and return whom it signs in; None if somebody was faster.

    `archive_id` chooses among several archives of the address; unknown addresses get a new,
    free archive that is filled by imports.
    """
    now = clock.now()
    with transaction():
        used = (
            SignInLink.update(used_at=now)
            .where(
                SignInLink.token_hash == link.token_hash,
                SignInLink.used_at.is_null(),
                SignInLink.expires_at > now,
            )
            .execute()
        )
        if not used:
            return None
        found = archives(link.email)
        chosen = next((user for user in found if user.id == archive_id), None)
        if found:
            return chosen or found[0]
        return members.create(
            email=link.email,
            email_verified_at=now,
            minute_offset=secrets.randbelow(60),
            session_key=sessions.new_key(),
            created_at=now,
        )
