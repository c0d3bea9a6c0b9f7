"""Spotify's consent ends after six months, however often its token was refreshed."""

from __future__ import annotations

import calendar
from datetime import datetime, timedelta

CONSENT_MONTHS = 6  # counted from the authorization (Spotify's announcement of 18 June 2026)


def reauth_due(authorized_at: datetime) -> datetime:
    """When a consent given at `authorized_at` ends: the same day and time six months later.

    31 August leads to 28 or 29 February: the last day that the month has, never later.
    """
    months = authorized_at.month - 1 + CONSENT_MONTHS
    year, month = authorized_at.year + months // 12, months % 12 + 1
    day = min(authorized_at.day, calendar.monthrange(year, month)[1])
    return authorized_at.replace(year=year, month=month, day=day)


STEPS = (timedelta(days=30), timedelta(days=7), timedelta(days=1))  # before the end


def step(reauth_due_at: datetime, now: datetime) -> int | None:
    """Which reminder (0, 1, 2) belongs to this moment, None before the first and after the end.

    Only the nearest: whoever could not be written to for weeks is not sent all at once.
    """
    left = reauth_due_at - now
    if left <= timedelta(0):
        return None
    passed = [number for number, before in enumerate(STEPS) if left <= before]
    return passed[-1] if passed else None
