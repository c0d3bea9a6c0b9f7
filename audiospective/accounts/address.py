"""An address that a member has typed: theirs once it is proven in the same session."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from audiospective import clock
from audiospective.models import User, transaction
from audiospective.models.address_proofs import AddressProof
from audiospective.models.sessions import Session
from audiospective.notices import mail_tokens, outbox
from audiospective.notices.kinds import verify_address
from audiospective.policy import member_names
from audiospective.services import Services

PROVE_WITHIN = timedelta(days=3)
AGAIN_AFTER = timedelta(days=1)


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
        withdraw(session)
        forget(now)
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
            archive=member_names.harmless(user.display_name), device=session.device,
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
    found = unproven(session).order_by(AddressProof.id.desc()).first()
    return str(found.email) if found else None


def unproven(session: Session) -> Any:
    """The query for what this session has typed and that is still to be proven."""
    return AddressProof.select().where(
        AddressProof.session == session.id, AddressProof.expires_at > clock.now()
    )


def withdraw(session: Session) -> bool:
    """Forget what this session has typed; its link is worth nothing. False if there is nothing."""
    return bool(AddressProof.delete().where(AddressProof.session == session.id).execute())


def forget(now: datetime) -> int:
    """Delete addresses that were not proven in time, and former ones; how many there were."""
    return int(AddressProof.delete().where(AddressProof.expires_at < now).execute())
