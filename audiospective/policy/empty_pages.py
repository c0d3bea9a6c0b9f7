"""Answers that look like success and may not be: empty pages and feeds that stand still."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

AT_LEAST = timedelta(days=7)  # shorter silences are weekends, flights, a flu
TIMES_THE_USUAL = 4


class Reading(StrEnum):
    """What an empty page means."""

    NORMAL = "normal"  # nothing was ever played: nothing to show
    ANOMALY = "anomaly"  # odd, recorded, not held against anybody
    CONFIRM = "confirm"  # empty twice in a row: /me must tell whether the token still works
    SILENT = "silent"  # empty twice and /me fails too


def read(items: int, *, had_plays: bool, empty_before: bool, profile_ok: bool | None) -> Reading:
    """What a page of `items` plays says; `profile_ok` is None as long as /me was not asked.

    Somebody who had plays never loses them from the page by not listening: the page holds the
    last 50 however old they are. So empty is strange, but Spotify has served it for hours to
    people with nothing wrong (private sessions do not empty it).
    """
    if items or not had_plays:
        return Reading.NORMAL
    if not empty_before:
        return Reading.ANOMALY
    if profile_ok is None:
        return Reading.CONFIRM
    return Reading.ANOMALY if profile_ok else Reading.SILENT


def quiet_since(
    newest_play_at: datetime | None, longest_pause: timedelta, now: datetime
) -> datetime | None:
    """Since when a feed stands still for longer than this person ever pauses, or None.

    Worth a sentence on their page, never a failure and never an e-mail: holidays and private
    sessions look exactly the same from here. `longest_pause` is the longest time between two
    plays that are known.
    """
    if newest_play_at is None:
        return None
    patience = max(AT_LEAST, TIMES_THE_USUAL * longest_pause)
    return newest_play_at if now - newest_play_at > patience else None
