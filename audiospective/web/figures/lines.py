"""Lines of lists: what a page shows of a track, an album or an artist."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from audiospective.history.catalog import lookup
from audiospective.history.catalog.lookup import Names
from audiospective.web import music_links

By = tuple[tuple[str, str | None], ...]


@dataclass(frozen=True)
class Line:
    """One piece of the catalog; `by` are (name, address or None) of its artists."""

    title: str
    href: str | None
    by: By = ()
    cover_url: str | None = None
    spotify_url: str | None = None


@dataclass
class Wanted:
    """Collects what a page is going to name, so that all names are looked up at once."""

    tracks: set[int] = field(default_factory=set)
    albums: set[int] = field(default_factory=set)
    artists: set[int] = field(default_factory=set)

    def add(self, kind: str, ids: Iterable[int | None]) -> None:
        found: set[int] = getattr(self, f"{kind}s")
        found.update(one for one in ids if one is not None)

    def look_up(self, *, linked: bool = True) -> Lines:
        """Two queries, whatever was collected; `linked` lines lead to the pages of music."""
        return Lines(lookup.together(self.tracks, self.albums, self.artists), linked)


class Lines:
    """Lines of everything that was looked up; what the catalog lacks is called "(unknown)"."""

    def __init__(self, names: Names, linked: bool) -> None:
        self.names = names
        self._linked = linked

    def track(self, one: int) -> Line:
        found = self.names.tracks[one]
        return Line(
            title=found.title or "(unknown)",
            href=self._href("track", one),
            by=tuple((name, self._href("artist", who)) for who, name in found.artists),
            cover_url=found.image_url,
            spotify_url=music_links.spotify(found.kind, found.spotify_id),
        )

    def album(self, one: int, artist: int | None) -> Line:
        """`artist` is whose album it is."""
        found = self.names.albums.get(one)
        who = self.names.artists.get(artist) if artist is not None else None
        return Line(
            title=found.name if found else "(unknown)",
            href=self._href("album", one),
            by=((who.name, self._href("artist", who.id)),) if who else (),
            cover_url=found.image_url if found else None,
            spotify_url=music_links.spotify("album", found.spotify_id if found else None),
        )

    def artist(self, one: int, track: int) -> Line:
        """With the cover of the track that stands for them: Spotify tells no picture of artists."""
        found = self.names.artists.get(one)
        return Line(
            title=found.name if found else "(unknown)",
            href=self._href("artist", one),
            cover_url=self.names.tracks[track].image_url if track in self.names.tracks else None,
            spotify_url=music_links.spotify("artist", found.spotify_id if found else None),
        )

    def _href(self, kind: str, one: int) -> str | None:
        return music_links.page(kind, one) if self._linked else None
