"""Limits that Spotify sets for an app: how long a 429 silences it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from audiospective.policy.failures import TRAITS, Failure

LONGEST = timedelta(hours=24)  # a longer pause is not believed: after a day one call asks again
SHORTEST = timedelta(seconds=1)


def pause(failure: Failure, retry_after: str | None, now: datetime) -> timedelta:
    """How long an app stays silent; `retry_after` is the header of a 429 as it came.

    RFC 9110 (10.2.3) allows seconds or a date. A missing, negative or unreadable header gives the
    default of the kind of limit, never zero and never for ever; an absurd number the longest pause.
    An app that is refused altogether waits as long whatever the header says.
    """
    traits = TRAITS[failure]
    found = _span(retry_after, now) if retry_after and failure is not Failure.APP else None
    if found is None or found <= timedelta(0):
        found = traits.pause
    return max(SHORTEST, min(found, traits.longest))


def _span(header: str, now: datetime) -> timedelta | None:
    text = header.strip()
    if re.fullmatch(r"\d+(\.\d+)?", text):
        absurd = len(text.partition(".")[0].lstrip("0")) > 9
        return LONGEST if absurd else timedelta(seconds=float(text))
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        # A number that is larger than any year or clock has: no time, but surely far away.
        return LONGEST if re.search(r"(?<![\d-])\d{5,}", text) else None
    return (date if date.tzinfo else date.replace(tzinfo=UTC)) - now
