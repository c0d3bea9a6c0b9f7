"""Who made the songs of Apple's play activity: learnt from the files beside it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from audiospective.imports.reading.values import text

_MOST = 500_000  # songs in memory


class Artists:
    """Counts who is named with a title, and with a title on an album."""

    def __init__(self) -> None:
        self._of: dict[tuple[str, str], Counter[str]] = {}

    def learn(self, rows: Iterable[tuple[int, Any]]) -> None:
        """From a side file's rows; columns in small letters."""
        for _, row in rows:
            if not isinstance(row, Mapping):
                continue
            facts = {str(name).lower(): value for name, value in row.items()}
            title = text(facts.get("title")) or text(facts.get("song name"))
            artist = text(facts.get("artist")) or text(facts.get("artist name"))
            if not (title and artist):
                artist, title = _described(facts)
            if title and artist:
                self._add(title, "", artist)
                album = text(facts.get("album")) or text(facts.get("album name"))
                if album:
                    self._add(title, album, artist)

    def find(self, title: str | None, album: str | None) -> str | None:
        """The one named most often; of two named equally often neither."""
        for where in (album, ""):
            found = self._of.get(_key(title or "", where)) if where is not None else None
            if found:
                (artist, count), *rest = found.most_common(2)
                if not rest or rest[0][1] < count:
                    return artist
        return None

    def _add(self, title: str, album: str, artist: str) -> None:
        key = _key(title, album)
        if key in self._of or len(self._of) < _MOST:
            self._of.setdefault(key, Counter())[artist] += 1


def _described(facts: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """Artist and title of `Artist - Title`."""
    written = text(facts.get("track description")) or text(facts.get("track name")) or ""
    artist, dash, title = written.partition(" - ")
    return (text(artist), text(title)) if dash else (None, None)


def _key(title: str, album: str) -> tuple[str, str]:
    return title.casefold(), album.casefold()
