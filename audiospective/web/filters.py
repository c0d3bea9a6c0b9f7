"""Words for values: instants in the reader's zone, numbers, plurals."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from flask import Flask, current_app

from audiospective import clock
from audiospective.web import context
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
    """In the reader's zone. Styles: long, date, day, time. UTC is said where it is not theirs."""
    there = value.astimezone(context.zone())
    date = f"{there.day} {there:%b %Y}"
    if style == "time":
        return f"{there:%H:%M}"
    if style == "date":
        return date
    if style == "day":
        return f"{there:%A}, {there.day} {there:%B %Y}"
    suffix = " UTC" if context.zone() is context.UTC else ""
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


def install(app: Flask) -> None:
    for word in (iso, local, ago, number, plural):
        app.jinja_env.filters[word.__name__] = word
    app.jinja_env.tests["cover_url"] = is_cover_url
