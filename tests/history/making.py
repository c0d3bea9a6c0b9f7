"""People, tracks and plays for the tests of the archive."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from audiospective import clock
from audiospective.history.catalog import polled
from audiospective.models import Play, User
from audiospective.policy.plays import AlbumFacts, ArtistFacts, TrackFacts

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
    told = TrackFacts(
        f"track {name}",
        name,
        artists=tuple(ArtistFacts(f"artist {one}", one) for one in artists),
        album=AlbumFacts(f"album {album}", album) if album else None,
    )
    return polled.remember([told])[told.spotify_id]


def play(user_id: int, played_at: int, track_id: int, **columns: Any) -> None:
    """A row in the hot tail."""
    Play.create(user=user_id, played_at=played_at, track=track_id, **columns)
