"""Words for values: instants in the reader's zone, numbers, plurals."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from flask import Flask, current_app, url_for

from audiospective import clock
from audiospective.policy.archive_state import ArchiveState
from audiospective.web import archive_look, context
from audiospective.web.security import image_hosts

MINUTE = timedelta(minutes=1)
STEPS = (
    (timedelta(minutes=1), timedelta(0), ""),
    (timedelta(hours=1), timedelta(minutes=1), "minute"),
    (timedelta(days=1), timedelta(hours=1), "hour"),
    (timedelta.max, timedelta(days=1), "day"),
)


def iso(value: datetime) -> str:
    """UTC, to the second: what <time datetime> takes."""
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def local(value: datetime, style: str = "long") -> str:
    """In the reader's zone; UTC is said where that is not known.

    Styles: long, date, day, time, and short: the time alone today, with the date on other days.
    """
    there = value.astimezone(context.zone())
    date = f"{there.day} {there:%b %Y}"
    if style == "time":
        return f"{there:%H:%M}"
    if style == "date":
        return date
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
            words = f"{count} {word}{'' if count == 1 else 's'}"
            return f"{words} ago" if distance > timedelta(0) else f"in {words}"
    raise AssertionError("the last step has no limit")


def number(value: int) -> str:
    """1204 as 1,204."""
    return f"{value:,}"


def plural(count: int, one: str, many: str | None = None) -> str:
    """`1 play`, `1,204 plays`."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


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
    words = (iso, local, ago, number, plural, action_link, archive_look.symbol, archive_look.colour)
    for word in words:
        app.jinja_env.filters[word.__name__] = word
    app.jinja_env.tests["cover_url"] = is_cover_url
