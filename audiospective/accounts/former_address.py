"""A former address: told of its replacement, and its way back."""

from __future__ import annotations

from datetime import timedelta

from audiospective import clock
from audiospective.accounts import sessions
from audiospective.models import User, transaction
from audiospective.models.address_proofs import AddressProof
from audiospective.models.deletions import Deletion
from audiospective.notices import mail_tokens
from audiospective.notices.kinds import address_changed
from audiospective.services import Services

RESTORE_WITHIN = timedelta(days=14)


def find(token: str) -> AddressProof | None:
    """The address that a link can bring back; looking changes nothing."""
    found: AddressProof | None = AddressProof.get_or_none(
        (AddressProof.token_hash == mail_tokens.digest(token))
        & AddressProof.session.is_null()
        & (AddressProof.expires_at > clock.now())
    )
    return found


def restore(token: str) -> bool:
    """Make a former address the member's again, and sign everybody out; False if it is too late.

    A deletion that was asked for since is not carried out: its e-mail went to the other address.
    """
    with transaction():
        found = find(token)
        if found is None:
            return False
        # Only what came after: an even older address outranks this one, which may be the thief's.
        AddressProof.delete().where(
            (AddressProof.user == found.user_id)
            & (AddressProof.session.is_null(False) | (AddressProof.id >= found.id))
        ).execute()
        user = User.get_by_id(found.user_id)
        sessions.end_all(user)
        Deletion.delete().where(
            (Deletion.user == user.id)
            & Deletion.begun_at.is_null()
            & (Deletion.asked_at >= found.created_at)
        ).execute()
        User.update(email=found.email, email_verified_at=clock.now()).where(
            User.id == user.id
        ).execute()
    return True


def tell(services: Services, user: User) -> None:
    """Owe the member's present address the e-mail that can bring it back; it is about to go."""
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
    address_changed.put(services, user, token, until)
