"""How a member wants to see the archive: read with the member, saved field by field."""

from __future__ import annotations

from collections.abc import Mapping

from audiospective.models import User
from audiospective.policy import preferences
from audiospective.policy.preferences import Preferences


def of(user: User) -> Preferences:
    """What this member has chosen; asks the database nothing."""
    return preferences.read({name: getattr(user, name) for name in preferences.NAMES})


def save(user_id: int, wanted: Mapping[str, object]) -> None:
    """Keep what `policy.preferences.parse` let through; other preferences stay as they are.

    Raises ValueError for a name or a value that cannot be chosen.
    """
    for name, value in wanted.items():
        if value not in preferences.ALLOWED.get(name, ()):
            raise ValueError(f"{name} cannot be {value!r}")
    if wanted:
        User.update(dict(wanted)).where(User.id == user_id).execute()
