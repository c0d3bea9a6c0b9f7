"""Members: how they are found, greeted, and what an operator settles about them."""

from __future__ import annotations

from typing import Any

from audiospective.models import User
from audiospective.models.founding import FoundingRegister
from audiospective.notices.kinds import welcome
from audiospective.policy.tiers import FREE, PRO
from audiospective.services import Services


def create(**values: Any) -> User:
    """A new member, with an id that nobody has had; inside the transaction of the sign-up."""
    if (free := FoundingRegister.free_id()) is not None:
        values["id"] = free
    user: User = User.create(**values)
    return user


def greet(services: Services, user_id: int, *, new: bool) -> None:
    """Owe the one e-mail of welcome, if there is a proven address; inside the transaction that
    made it one, or made them a member. `new`: they had no proven address, or no Spotify account,
    until now."""
    user = User.get_by_id(user_id)
    if user.email and user.email_verified_at is not None and user.spotify_account_id is not None:
        welcome.put(services, user, new=new)


def find(text: str) -> User | None:
    """A member by account id, Spotify id, confirmed e-mail address or own id."""
    text = text.strip()
    by = (
        (User.spotify_account_id == text)
        | (User.spotify_id == text)
        | ((User.email == text.lower()) & User.email_verified_at.is_null(False))
    )
    if text.isascii() and text.isdigit() and len(text) < 10:
        by |= User.id == int(text)
    found: list[User] = list(User.select().where(by).order_by(User.id).limit(2))
    exact = [user for user in found if text in (user.spotify_account_id, user.spotify_id)]
    return next(iter(exact or found), None)


def set_tier(user: User, tier: str) -> None:
    """Move a member to `free` or `pro`; raises ValueError for anything else."""
    if tier not in (FREE, PRO):
        raise ValueError(f"there is no tier {tier!r}")
    User.update(tier=tier).where(User.id == user.id).execute()


def set_operator(user: User, operator: bool) -> None:
    User.update(is_operator=operator).where(User.id == user.id).execute()
