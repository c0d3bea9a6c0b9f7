"""A member's first address: typed by them, used once they have proven it."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum

from audiospective import clock
from audiospective.accounts import membership
from audiospective.models import User, transaction
from audiospective.notices import outbox, signed_links
from audiospective.notices.kinds import verify_address
from audiospective.services import Services

PROVE_WITHIN = timedelta(days=3)
LINK_VALUES = 2  # whose address it is, and which


def propose(services: Services, user: User, email: str) -> bool:
    """Write `email` (normalized) down and owe the e-mail that proves it; False if one is proven.

    An e-mail a day at most goes to one unproven address, whoever types it.
    """
    now = clock.now()
    with transaction():
        fresh = User.get_by_id(user.id)
        if fresh.email_verified_at is not None:
            return False
        User.update(email=email, email_verified_at=None).where(User.id == user.id).execute()
        until = now + PROVE_WITHIN
        token = signed_links.sign(
            services.settings, signed_links.VERIFY, user.id, email, expires_at=until
        )
        verify_address.put(services, user.id, email, token, until)
    outbox.hurry(services)
    return True


class Proof(StrEnum):
    """What a verification link is worth."""

    GOOD = "good"
    DONE = "done"  # this address is proven already
    EXPIRED = "expired"
    STRANGE = "strange"  # not made here, or for an address that was replaced since


def examine(services: Services, token: str) -> tuple[Proof, User | None]:
    """Look at a link without using it."""
    found = signed_links.read(services.settings, signed_links.VERIFY, token)
    if found is None or len(found[0]) != LINK_VALUES:
        return Proof.STRANGE, None
    (user_id, email), good = found
    user = User.get_or_none((User.id == user_id) & (User.email == email))
    if user is None:
        return Proof.STRANGE, None
    if user.email_verified_at is not None:
        return Proof.DONE, user
    return (Proof.GOOD if good else Proof.EXPIRED), user


def prove(services: Services, token: str) -> Proof:
    """Use a link: its address is the person's from now on."""
    proof, user = examine(services, token)
    if proof is not Proof.GOOD or user is None:
        return proof
    with transaction():
        changed = (
            User.update(email_verified_at=clock.now())
            .where(
                (User.id == user.id) & (User.email == user.email) & User.email_verified_at.is_null()
            )
            .execute()
        )
        if changed:
            membership.greet(services, user.id)
    return Proof.GOOD if changed else Proof.DONE
