"""Plays as a source tells of them: what was played, when, and what could not be read."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from audiospective.policy.gaps import PAGE


@dataclass(frozen=True)
class ArtistFacts:
    spotify_id: str
    name: str


@dataclass(frozen=True)
class AlbumFacts:
    spotify_id: str
    name: str
    album_type: str | None = None
    release_date: str | None = None
    release_date_precision: str | None = None
    total_tracks: int | None = None
    image_url: str | None = None


@dataclass(frozen=True)
class TrackFacts:
    """A track as Spotify described it with a play; artists in Spotify's order."""

    spotify_id: str
    name: str
    kind: str = "track"
    artists: tuple[ArtistFacts, ...] = ()
    album: AlbumFacts | None = None
    duration_ms: int | None = None
    explicit: bool | None = None
    isrc: str | None = None
    disc_number: int | None = None
    track_number: int | None = None


@dataclass(frozen=True)
class PolledPlay:
    """`played_at`: when the play ended, UTC milliseconds since 1970.

    `linked_from` is the Spotify id that was played, where Spotify answers with another one that
    stands in for it.
    """

    played_at: int
    track: TrackFacts
    context: str | None = None
    linked_from: str | None = None


@dataclass(frozen=True)
class Unreadable:
    """An item that fits no play; `played_at` as of a play, None if it has no valid time."""

    digest: str
    reason: str
    raw: str
    played_at: int | None = None


@dataclass(frozen=True)
class Page:
    """One page; `offered` counts the items Spotify sent, readable or not.

    `limit` is how many it says that it would have sent at most.
    """

    plays: tuple[PolledPlay, ...] = ()
    unreadable: tuple[Unreadable, ...] = ()
    offered: int = 0
    limit: int = PAGE

    @property
    def filled(self) -> int:
        """`offered` as of a page of fifty: what a smaller one has no room for counts as sent."""
        return self.offered + PAGE - self.limit if self.offered else 0

    @cached_property
    def times(self) -> list[int]:
        """When its items ended, as far as they tell, readable or not."""
        unreadable = (item.played_at for item in self.unreadable)
        return [play.played_at for play in self.plays] + [at for at in unreadable if at is not None]

    @cached_property
    def oldest(self) -> int | None:
        return min(self.times, default=None)

    @cached_property
    def newest(self) -> int | None:
        return max(self.times, default=None)
