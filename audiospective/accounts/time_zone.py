"""A member's time zone: the one they saved, or until then the one their browser tells."""

from __future__ import annotations

from functools import lru_cache
from zoneinfo import available_timezones

from audiospective.models import User

UTC = "UTC"
CHOSEN = "zone_chosen"  # in users.preferences: UTC is a choice, too
# The zones people live in; the rest of the list are old names and fixed offsets.
REGIONS = ("Africa/", "America/", "Antarctica/", "Arctic/", "Asia/", "Atlantic/", "Australia/",
           "Europe/", "Indian/", "Pacific/")  # fmt: skip


@lru_cache(maxsize=1)
def zones() -> tuple[str, ...]:
    """Every zone to choose from, by name: UTC, then region and city."""
    return (UTC, *sorted(name for name in available_timezones() if name.startswith(REGIONS)))


def chosen(user: User) -> str | None:
    """The zone that this member saved, None until they did."""
    saved = str(user.timezone)
    return saved if saved != UTC or user.wishes.get(CHOSEN) else None


def choose(user_id: int, name: str) -> None:
    """Save a zone as the member's own; the caller holds the transaction."""
    User.wish(user_id, **{CHOSEN: True})
    User.update(timezone=name).where(User.id == user_id).execute()
