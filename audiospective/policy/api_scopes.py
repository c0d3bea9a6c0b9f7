"""What an API token may allow, in words, and for how long one is good."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

PLAYS = "read:plays"
STATS = "read:stats"
HEALTH = "read:health"
SUBMIT = "submit"
SCOPES = {
    PLAYS: ("Read plays", "every play with its time, track and where it was played from"),
    STATS: ("Read figures", "totals and what was heard most, as your settings count them"),
    HEALTH: ("Read health", "whether plays are saved, what is known and which gaps there are"),
    SUBMIT: ("Add plays", "what a player or scrobbler sends is stored in your archive"),
}
DAYS = (30, 90, 365, 1825)
ENDS_SOON = timedelta(days=14)
NOTED = timedelta(minutes=10)  # how often a use is written down


def known(names: Iterable[str]) -> list[str]:
    """Those names that are scopes, each once, in the order of SCOPES."""
    asked = set(names)
    return [scope for scope in SCOPES if scope in asked]


def ends_soon(expires_at: datetime, now: datetime) -> bool:
    """Whether it is time to make the next one."""
    return expires_at - now <= ENDS_SOON


def to_note(used_at: datetime | None, now: datetime) -> bool:
    """Whether this use is to be written down."""
    return used_at is None or now - used_at >= NOTED
