"""A member's address: typed by them, theirs once they have proven it in the same session."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from audiospective import clock
from audiospective.accounts import members, sessions
from audiospective.models import User, transaction
from audiospective.models.address_proofs import AddressProof
from audiospective.models.sessions import Session
from audiospective.notices import mail_tokens, outbox
from audiospective.notices.kinds import address_changed, verify_address
from audiospective.policy import names
from audiospective.services import Services

PROVE_WITHIN = timedelta(days=3)
AGAIN_AFTER = timedelta(days=1)
RESTORE_WITHIN = timedelta(days=14)


def propose(services: Services, user: User, session: Session, email: str) -> bool:
    """Owe an e-mail that proves `email` (normalized); False if it is theirs already.

    Nothing is written about the member until the link is used, in this session and no other:
    whoever types an address that is not theirs must not have it proven for them by its owner. An
    e-mail a day at most goes from one session to one address.
    """
    if user.email == email and user.email_verified_at is not None:
        return False
    now = clock.now()
    if _under_way(session, email, now):
        return True
    until = now + PROVE_WITHIN
    token = mail_tokens.new_token()
    with transaction():
        AddressProof.delete().where(
            (AddressProof.session == session.id) | (AddressProof.expires_at < now)
        ).execute()
        AddressProof.create(
            user=user,
            session=session,
            email=email,
            token_hash=mail_tokens.digest(token),
            created_at=now,
            expires_at=until,
        )
        verify_address.put(
            services, user.id, email, token, until,
            archive=names.harmless(user.display_name), device=session.device,
        )  # fmt: skip
    outbox.hurry(services)
    return True


def _under_way(session: Session, email: str, now: datetime) -> bool:
    return bool(
        AddressProof.select()
        .where(
            AddressProof.session == session.id,
            AddressProof.email == email,
            AddressProof.created_at > now - AGAIN_AFTER,
        )
        .exists()
    )


def pending(session: Session) -> str | None:
    """The address that this session has typed and that is still to be proven."""
    found = (
        AddressProof.select()
        .where(AddressProof.session == session.id, AddressProof.expires_at > clock.now())
        .order_by(AddressProof.id.desc())
        .first()
    )
    return str(found.email) if found else None


def withdraw(session: Session) -> bool:
    """Forget what this session has typed; its link is worth nothing. False if there is nothing."""
    with transaction():
        gone = AddressProof.delete().where(AddressProof.session == session.id).execute()
    return bool(gone)


class Proof(StrEnum):
    """What a link is worth in the browser that has opened it."""

    GOOD = "good"
    ELSEWHERE = "elsewhere"  # it works in the browser in which the address was typed
    EXPIRED = "expired"
    UNKNOWN = "unknown"  # used, replaced by a newer one, its session signed out, or never made


def examine(token: str, session: Session | None) -> tuple[Proof, AddressProof | None]:
    """Look at a link without using it; `session` is the browser's own."""
    found = AddressProof.get_or_none(
        (AddressProof.token_hash == mail_tokens.digest(token)) & AddressProof.session.is_null(False)
    )
    if found is None:
        return Proof.UNKNOWN, None
    if found.expires_at <= clock.now():
        return Proof.EXPIRED, found
    if session is None or session.id != found.session_id:
        return Proof.ELSEWHERE, found
    return Proof.GOOD, found


def prove(services: Services, token: str, session: Session | None) -> Proof:
    """Use a link: its address is the member's from now on. A former one is told and can return."""
    with transaction():
        proof, found = examine(token, session)
        if proof is not Proof.GOOD or found is None:
            return proof
        used = AddressProof.delete().where(AddressProof.id == found.id).execute()
        if not used:
            return Proof.UNKNOWN
        user = User.get_by_id(found.user_id)
        if user.email_verified_at is not None and user.email:
            _tell_former(services, user)
        User.update(email=found.email, email_verified_at=clock.now()).where(
            User.id == user.id
        ).execute()
        members.greet(services, user.id)
    outbox.hurry(services)
    return Proof.GOOD


def former(token: str) -> AddressProof | None:
    """The address that a link can bring back; looking changes nothing."""
    found: AddressProof | None = AddressProof.get_or_none(
        (AddressProof.token_hash == mail_tokens.digest(token))
        & AddressProof.session.is_null()
        & (AddressProof.expires_at > clock.now())
    )
    return found


def restore(token: str) -> bool:
    """Make a former address the member's again, and sign everybody out; False if it is too late."""
    with transaction():
        found = former(token)
        if found is None:
            return False
        # Only what came after: an even older address outranks this one, which may be the thief's.
        AddressProof.delete().where(
            (AddressProof.user == found.user_id)
            & (AddressProof.session.is_null(False) | (AddressProof.id >= found.id))
        ).execute()
        user = User.get_by_id(found.user_id)
        sessions.end_all(user)
        User.update(email=found.email, email_verified_at=clock.now()).where(
            User.id == user.id
        ).execute()
    return True


def _tell_former(services: Services, user: User) -> None:
    now = clock.now()
    until = now + RESTORE_WITHIN
    token = mail_tokens.new_token()
    AddressProof.create(
        user=user,
        session=None,
        email=user.email,
        token_hash=mail_tokens.digest(token),
        created_at=now,
        expires_at=until,
    )
    address_changed.put(services, user.id, user.email, token, until)
