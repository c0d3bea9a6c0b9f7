"""What letters need to know of a person: an address that may be written to, and their wishes."""

from __future__ import annotations

import json
from typing import Any

from audiospective.models import User

MAIL_OFF = "mail_off"  # in users.preferences: kinds of letters that the person switched off


def preferences(user: User) -> dict[str, Any]:
    """The person's preferences; a row that cannot be read counts as none."""
    try:
        found = json.loads(user.preferences)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def switched_off(user: User) -> set[str]:
    """Kinds of letters that this person does not want."""
    found = preferences(user).get(MAIL_OFF)
    return {str(kind) for kind in found} if isinstance(found, list) else set()


def switch(user_id: int, kind: str, *, on: bool) -> bool:
    """Let letters of a kind come or stay away; False if there is no such person."""
    user = User.get_or_none(User.id == user_id)
    if user is None:
        return False
    off = switched_off(user) - {kind} if on else switched_off(user) | {kind}
    wishes = {**preferences(user), MAIL_OFF: sorted(off)}
    User.update(preferences=json.dumps(wishes)).where(User.id == user_id).execute()
    return True


def is_off(user_id: int, kind: str) -> bool:
    """Whether this person switched letters of a kind off."""
    user = User.get_or_none(User.id == user_id)
    return user is not None and kind in switched_off(user)


def address(user: User, kind: str) -> str | None:
    """Where to write to this person about `kind`: only to an address they proved to be theirs."""
    if not user.email or user.email_verified_at is None or kind in switched_off(user):
        return None
    return str(user.email)
