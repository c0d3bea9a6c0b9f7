"""Words for the figures of one track, artist or album."""

from __future__ import annotations

from datetime import date, datetime, tzinfo

from audiospective.history.catalog.entries import Album
from audiospective.policy.in_words import day, plural
from audiospective.stats.portrait import Portrait

KINDS = {"track": "tracks", "artist": "artists", "album": "albums"}
WEEKDAYS = ("Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays", "Sundays")
TYPES = {"album": "Album", "single": "Single", "ep": "EP", "compilation": "Compilation"}


def local_day(at: datetime, zone: tzinfo) -> str:
    return day(at.astimezone(zone).date())


def place(number: int) -> str:
    """`1st`, `22nd`, `113th`."""
    ending = (
        "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    )
    return f"{number:,}{ending}"


def share(part: int | float, whole: int | float) -> str:
    """A share in whole percents; never 0 or 100 where that is not so."""
    if not whole:
        return "not known"
    percent = part / whole * 100
    if 0 < percent < 1:
        return "under 1 %"
    if 99 < percent < 100:
        return "over 99 %"
    return f"{round(percent)} %"


def silence(found: Portrait) -> str | None:
    """`11 months`: the longest time without a play."""
    if found.silence is None:
        return None
    days = (found.silence[1] - found.silence[0]).days
    if days < 730:
        return plural(round(days / 30.44), "month")
    return plural(round(days / 365.25), "year")


def released(album: Album | None) -> str | None:
    """A release date as precise as Spotify tells it."""
    if album is None or not album.release_date:
        return None
    text = album.release_date
    try:
        if len(text) == 10:
            return day(date.fromisoformat(text))
        if len(text) == 7:
            return f"{date.fromisoformat(f'{text}-01'):%B %Y}"
    except ValueError:
        return text
    return text


def decade(album: Album | None) -> str | None:
    """`the 1970s`."""
    year = (album.release_date or "")[:4] if album else ""
    return f"the {year[:3]}0s" if year.isdigit() and len(year) == 4 else None
