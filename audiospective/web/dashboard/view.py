"""The newest plays as plain values, ready to be listed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from itertools import groupby

from audiospective.history import recent_plays
from audiospective.history.recent_plays import RecentPlay
from audiospective.web.filters import local

SHOWN = 20


@dataclass(frozen=True)
class Item:
    """One piece of Spotify's catalog as it is listed; `by` joins the artists."""

    title: str
    by: str
    cover_url: str | None
    spotify_url: str | None


@dataclass(frozen=True)
class PlayLine:
    """One play of the list; `at` is when it ended."""

    at: datetime
    item: Item


def plays(user_id: int) -> list[PlayLine]:
    """The newest plays, newest first."""
    return [PlayLine(play.played_at, item_of(play)) for play in recent_plays.recent(user_id, SHOWN)]


def by_day(lines: list[PlayLine]) -> list[tuple[str, list[PlayLine]]]:
    """Plays under the day on which they ended, in the reader's zone."""
    return [(day, list(group)) for day, group in groupby(lines, lambda one: local(one.at, "day"))]


def stamp(lines: list[PlayLine]) -> str:
    """A mark that changes when the list does, so that an unchanged one is not sent again."""
    facts = "|".join(f"{line.at.isoformat()} {line.item.title}" for line in lines)
    return sha256(facts.encode()).hexdigest()[:12]


def item_of(play: RecentPlay) -> Item:
    return Item(
        title=play.title,
        by=", ".join(name for _, name in play.artists) or (play.album or ""),
        cover_url=play.image_url,
        spotify_url=spotify_url(play.kind, play.spotify_id),
    )


def spotify_url(kind: str, spotify_id: str | None) -> str | None:
    """Where an item lives at Spotify; None where only an import named it."""
    return f"https://open.spotify.com/{kind}/{spotify_id}" if spotify_id else None
