"""People, tracks and plays for the tests of the archive."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from audiospective import clock
from audiospective.models import Album, Artist, Play, Track, TrackArtist, User

START = clock.to_ms(datetime(2026, 3, 1, tzinfo=UTC))
MINUTE = 60_000


def at(minutes: float) -> int:
    """Milliseconds of an instant so many minutes after START."""
    return START + int(minutes * MINUTE)


def person(name: str, zone: str = "UTC") -> int:
    """A member; the id."""
    user = User.create(
        spotify_account_id=name,
        display_name=name,
        timezone=zone,
        minute_offset=0,
        session_key=name,
        created_at=clock.now(),
    )
    return int(user.id)


def track(name: str, artists: tuple[str, ...] = ("somebody",), album: str | None = None) -> int:
    """A track of the catalog that has ids; the id. Names stand for Spotify's ids."""
    record = None
    if album:
        record, _ = Album.get_or_create(spotify_id=f"album {album}", defaults={"name": album})
    made = Track.create(spotify_id=f"track {name}", name=name, album=record)
    for position, artist in enumerate(artists):
        row, _ = Artist.get_or_create(spotify_id=f"artist {artist}", defaults={"name": artist})
        TrackArtist.create(track=made, position=position, artist=row)
    return int(made.id)


def play(user_id: int, played_at: int, track_id: int, **columns: Any) -> None:
    """A row in the hot tail."""
    Play.create(user=user_id, played_at=played_at, track=track_id, **columns)
