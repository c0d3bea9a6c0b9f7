"""The link that proves an address: what it is worth, and its use."""

from __future__ import annotations

from enum import StrEnum

from audiospective import clock
from audiospective.accounts import members
from audiospective.accounts.former_address import tell
from audiospective.models import User, transaction
from audiospective.models.address_proofs import AddressProof
from audiospective.models.sessions import Session
from audiospective.notices import mail_tokens, outbox
from audiospective.services import Services


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
        proven = user.email_verified_at is not None and bool(user.email)
        if proven and user.email != found.email:  # else it was proven in another browser meanwhile
            tell(services, user)
        User.update(email=found.email, email_verified_at=clock.now()).where(
            User.id == user.id
        ).execute()
        members.greet(services, user.id, new=not proven)
    outbox.hurry(services)
    return Proof.GOOD
