"""An archive with everything that makes exports hard, and snapshots of it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from audiospective import clock, history
from audiospective.exports import snapshot
from audiospective.exports.snapshot import Owner, Snapshot
from audiospective.history import segment
from audiospective.history.catalog import merge
from audiospective.history.catalog.entries import Album, Artist, Kind, Track
from audiospective.history.catalog.writer import writing
from tests.history.making import person

NOW = datetime(2026, 11, 29, 21, 4, tzinfo=UTC)
OWNER = Owner("Juniper Vale", "Europe/Copenhagen")
ID = "{:022d}".format


def song(
    title: str,
    *artists: str,
    album: str | None = "An Album",
    spotify_id: str | None = "",
    **facts: Any,
) -> int:
    """A track of the catalog; an empty `spotify_id` gets one made up."""
    with writing() as catalog:
        record = catalog.add(Kind.ALBUM, Album(None, album)) if album is not None else None
        number = catalog.next_id(Kind.TRACK)
        credited = []
        for name in artists:
            named = merge.words(Kind.ARTIST, name)
            catalog.expect([named])
            if not catalog.find(named):
                catalog.name(named, catalog.add(Kind.ARTIST, Artist(None, name)))
            credited.append(catalog.find(named)[0].id)
        told = {"spotify_id": ID(number) if spotify_id == "" else spotify_id, "name": title,
                "album": record, "artists": tuple(credited), "duration_ms": 200_000}  # fmt: skip
        return catalog.add(Kind.TRACK, Track(**(told | facts)))


def polled(at: datetime, track: int, **facts: Any) -> dict[str, Any]:
    """A play as a poll stores it: nothing is known but when, what and from where."""
    return {"played_at": clock.to_ms(at), "track": track, "source": 1, **facts}


def imported(at: datetime, track: int, **facts: Any) -> dict[str, Any]:
    """A play as Spotify's own export tells it."""
    told = {
        "ms_played": 180_000,
        "reason_start": "clickrow",
        "reason_end": "trackdone",
        "shuffle": False,
        "skipped": False,
        "offline": False,
        "incognito": False,
        "platform": "ios",
        "country": "DK",
    }
    return {"played_at": clock.to_ms(at), "track": track, "source": 2, **told, **facts}


def archive(*plays: dict[str, Any], name: str = "alice") -> int:
    """A member with these plays; the id."""
    user_id = person(name, OWNER.zone)
    if plays:
        history.absorb(user_id, segment.of(plays))
    return user_id


def hard_plays() -> list[dict[str, Any]]:
    """Plays of which each gives some reader trouble, in order of time."""
    usual = song("Slack Water", "Harbour Lights", album="Tides")
    duet = song('Say "when" \\ now', "Ilse Brandt", "Marlow & Pine, Jr.", isrc="QZES11234567")
    tracks = [
        usual,
        duet,
        song("硝子の電車", "夜の切符", album="終電のあと"),
        song("رسائل لم تصل", "فرقة نوافذ المساء"),
        song("=HYPERLINK(0)", "@sum", album="+1"),
        song("007", "1-2", album="TRUE"),
        song("No album", "Odd Lots", album=None),
        song("Line\nbreak,\tand tab\u2028", "Comma, the Band"),
        song("No id", "Odd Lots", spotify_id=None),
        song("No length", "Odd Lots", duration_ms=None),
        song("x" * 300, "y" * 300, album="z" * 300),
        song("Emoji 🪗🎶", "Ångström & the Ünlikely Čhoir"),
        song(',"isrc":null', ',"release_name":null', album=',"duration_ms":null'),
    ]
    start = datetime(2024, 12, 31, 22, 30, 0, 123_000, tzinfo=UTC)
    plays = []
    for number, track in enumerate(tracks):
        minutes = number * 7
        at = start.replace(hour=22 + minutes // 60, minute=minutes % 60)
        plays.append(polled(at, track, context="spotify:playlist:" + ID(number)))
        plays.append(imported(datetime(2023, 3, 26, 0, 55 + number % 5, number, tzinfo=UTC), track))
    same = datetime(2025, 6, 1, 12, tzinfo=UTC)
    plays += [polled(same, usual), polled(same, duet), polled(same.replace(second=1), usual)]
    plays.append(imported(datetime(2025, 7, 1, tzinfo=UTC), usual, reason_end=None, ms_played=None))
    return sorted(plays, key=lambda play: (play["played_at"], play["track"]))


def untakeable_plays() -> list[dict[str, Any]]:
    """Plays that readers of music cannot take whatever is done about them."""
    return [
        imported(
            datetime(2025, 8, 1, tzinfo=UTC), song("Episode 12", album="A Talk", kind="episode")
        ),
        imported(
            datetime(2025, 8, 2, tzinfo=UTC), song("Chapter 3", album="A Book", kind="chapter")
        ),
        imported(datetime(2025, 8, 3, tzinfo=UTC), song("", album=None)),
        imported(datetime(2025, 8, 4, tzinfo=UTC), song("Nobody's", album=None)),
    ]


def taken(user_id: int, folder: Path) -> Snapshot:
    """A snapshot of somebody's archive."""
    return snapshot.take(user_id, OWNER, NOW, folder)


def plays_of(user_id: int) -> pl.DataFrame:
    return history.frame(user_id)
