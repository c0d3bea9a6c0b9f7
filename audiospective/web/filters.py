"""Words for values: instants in the reader's zone, numbers."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from flask import Flask, current_app, url_for
from markupsafe import Markup

from audiospective import clock
from audiospective.history import RecentPlay
from audiospective.policy.archive_state import ArchiveState
from audiospective.policy.in_words import day, duration, plural
from audiospective.web import archive_look, context
from audiospective.web.panels import Failed
from audiospective.web.security import image_hosts

_UNIT = re.compile(r"(?<=\d)([ \u00a0](?:h|min|%)(?=[ \u00a0]|$))")
STEPS = (
    (timedelta(minutes=1), timedelta(0), ""),
    (timedelta(hours=1), timedelta(minutes=1), "minute"),
    (timedelta(days=1), timedelta(hours=1), "hour"),
    (timedelta.max, timedelta(days=1), "day"),
)


def iso(value: datetime) -> str:
    """UTC, to the second: what <time datetime> takes."""
    return value.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def local(value: datetime, style: str = "long") -> str:
    """In the reader's zone; UTC is said where that is not known.

    Styles: long, date, month, day, time, and short: the time alone today, on other days with the
    date.
    """
    there = value.astimezone(context.zone())
    date = f"{there.day} {there:%b %Y}"
    if style == "time":
        return f"{there:%H:%M}"
    if style == "date":
        return date
    if style == "month":
        return f"{there:%B %Y}"
    if style == "day":
        return f"{there:%A}, {there.day} {there:%B %Y}"
    suffix = "" if context.zone_is_known() else " UTC"
    if style == "short" and there.date() == clock.now().astimezone(there.tzinfo).date():
        return f"{there:%H:%M}{suffix}"
    return f"{date}, {there:%H:%M}{suffix}"


def ago(value: datetime) -> str:
    """How far an instant is from now, in the largest whole unit."""
    distance = clock.now() - value
    for limit, unit, word in STEPS:
        if abs(distance) < limit:
            if not word:
                return "just now" if distance >= timedelta(0) else "in a moment"
            count = abs(distance) // unit
            words = plural(count, word)
            return f"{words} ago" if distance > timedelta(0) else f"in {words}"
    raise AssertionError("the last step has no limit")


def number(value: int) -> str:
    """1204 as 1,204."""
    return f"{value:,}"


def length_of(ms: int | None) -> str:
    """Milliseconds of music as `3:36` or `1:02:03`, nothing where they are not known."""
    if ms is None:
        return ""
    minutes, seconds = divmod(ms // 1000, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def small_units(value: str) -> Markup:
    """A figure whose units (`h`, `min`, `%`) are marked, to be set smaller than its digits."""
    small = Markup('<span class="unit">{}</span>')
    parts = enumerate(_UNIT.split(str(value)))
    return Markup("").join(small.format(part) if place % 2 else part for place, part in parts)


def spotify_url(item: RecentPlay) -> str | None:
    """Where what was played lives at Spotify; None where only an import named it."""
    known = item.spotify_id
    return f"https://open.spotify.com/{item.kind}/{known}" if known else None


def play_key(play: RecentPlay) -> str:
    """A play as it stands in addresses: its end in milliseconds, and its track."""
    return f"{clock.to_ms(play.played_at)}-{play.track_id}"


def is_cover_url(url: str) -> bool:
    """Whether a picture's address is one that the Content-Security-Policy lets through."""
    parts = urlsplit(url)
    origins = image_hosts(current_app.extensions["audiospective"].settings)
    return f"{parts.scheme}://{parts.netloc}" in origins


def action_link(state: ArchiveState) -> tuple[str, str] | None:
    """The label and address of the one thing to do, where that is to go somewhere."""
    link = archive_look.LINKS.get(state.traits.action)
    return (link.label, url_for(link.endpoint, intent=link.intent)) if link else None


def install(app: Flask) -> None:
    words = (
        iso, local, ago, day, number, plural, length_of, duration, small_units, spotify_url,
        play_key, action_link, archive_look.symbol, archive_look.colour,
    )  # fmt: skip
    for word in words:
        app.jinja_env.filters[word.__name__] = word
    app.jinja_env.tests["cover_url"] = is_cover_url
    app.jinja_env.tests["failed"] = lambda panel: isinstance(panel, Failed)
