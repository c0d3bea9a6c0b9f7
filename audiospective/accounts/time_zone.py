"""A member's time zone: the one they saved, or until then the one their browser tells."""

from __future__ import annotations

import json
from functools import lru_cache
from zoneinfo import available_timezones

from audiospective.models import User

UTC = "UTC"
CHOSEN = "zone_chosen"  # in users.preferences: UTC is a choice, too
SUGGESTED = "zone_suggested"  # there, too: users.timezone is what a browser told
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
    if user.wishes.get(CHOSEN):
        return saved
    return saved if saved != UTC and not user.wishes.get(SUGGESTED) else None


def choose(user_id: int, name: str) -> None:
    """Save a zone as the member's own; the caller holds the transaction."""
    User.wish(user_id, **{CHOSEN: True, SUGGESTED: False})
    User.update(timezone=name).where(User.id == user_id).execute()


def suggest(user: User, name: str | None) -> None:
    """Use the zone of the member's browser, also in e-mails, until they save one."""
    if name is None or name == user.timezone or chosen(user):
        return
    wishes = json.dumps({**user.wishes, SUGGESTED: True})
    # Only over what was read: they may be saving one at this moment.
    User.update(timezone=name, preferences=wishes).where(
        User.id == user.id, User.preferences == user.preferences
    ).execute()
