"""A member's first address: typed by them, used once they have proven it."""

from __future__ import annotations

from datetime import timedelta

from audiospective import clock
from audiospective.actions import letters, links
from audiospective.models import User, transaction
from audiospective.services import Services

PROVE_WITHIN = timedelta(days=3)


def propose(services: Services, user: User, email: str) -> bool:
    """Write `email` (normalized) down and owe the letter that proves it; False if one is proven.

    A letter a day at most goes to one unproven address, whoever types it.
    """
    now = clock.now()
    with transaction():
        fresh = User.get_by_id(user.id)
        if fresh.email_verified_at is not None:
            return False
        User.update(email=email, email_verified_at=None).where(User.id == user.id).execute()
        until = now + PROVE_WITHIN
        letters.owe(
            services,
            "verify_address",
            recipient=email,
            episode=f"{user.id}-{now:%Y-%m-%d}",
            user_id=user.id,
            data={
                "token": links.sign(
                    services.settings, links.VERIFY, user.id, email, expires_at=until
                ),
                "expires_at": clock.to_ms(until),
            },
        )
    letters.hurry(services)
    return True
