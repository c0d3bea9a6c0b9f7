"""Realistic listening for the benches: sessions, favourites that fade, skips, every column full."""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random

from audiospective import clock

HOUR = 3_600_000
PLATFORMS = (
    "iOS 19.1 (iPhone17,1)",
    "web_player windows 11;chrome 141.0.0.0;desktop",
    "Android OS 15 API 35 (samsung, SM-S931B)",
    "osx",
    "Partner sonos_ppc Sonos;Play1",
)
STARTS = ("trackdone", "fwdbtn", "clickrow", "backbtn", "playbtn", "appload", "remote")
ENDS = ("trackdone", "fwdbtn", "endplay", "logout", "backbtn", "unexpected-exit-while-paused")


@dataclass
class Catalog:
    """Invented tracks: `durations[i]` in ms, `albums[i]`, `artists[i]` are indexes by track."""

    durations: list[int] = field(default_factory=list)
    albums: list[int] = field(default_factory=list)
    artists: list[int] = field(default_factory=list)
    by_artist: list[list[int]] = field(default_factory=list)
    fame: list[float] = field(default_factory=list)  # running sum over artists, by Zipf's law

    @classmethod
    def of(cls, tracks: int, seed: str = "bench") -> Catalog:
        """About `tracks` tracks on albums of 1 to 16, artists with 1 to 9 albums."""
        rng = Random(f"{seed}/catalog")
        made = cls()
        album = artist = 0
        while len(made.durations) < tracks:
            own: list[int] = []
            for _ in range(min(9, 1 + int(rng.expovariate(0.5)))):
                for _ in range(rng.choice((1, 1, 4, 9, 10, 11, 12, 14, 16))):
                    own.append(len(made.durations))
                    made.durations.append(int(min(max(rng.gauss(215_000, 60_000), 45_000), 9e5)))
                    made.albums.append(album)
                    made.artists.append(artist)
                album += 1
            made.by_artist.append(own)
            artist += 1
        made.fame = list(itertools.accumulate(1 / (rank + 20) for rank in range(artist)))
        return made


@dataclass
class Heard:
    """One play with every column: polled and found again in an export."""

    played_at: int
    track: int  # index into the catalog
    ms_played: int
    context: str | None
    reason_start: str
    reason_end: str
    shuffle: bool
    skipped: bool
    offline: bool
    incognito: bool
    platform: str
    country: str


def listen(
    catalog: Catalog, listener: int, plays: int, end: datetime, years: float = 6.0
) -> Iterator[Heard]:
    """`plays` plays of one person over `years` before `end`, in order of time.

    Half the sessions play albums or playlists in order, half are shuffled from a library in which
    popularity falls as in Zipf's law; the library grows, old favourites fade. A fifth is skipped.
    """
    rng = Random(f"bench/listener/{listener}")
    start = clock.to_ms(end) - int(years * 365.25 * 24 * HOUR)
    span = clock.to_ms(end) - start
    library = _library(rng, catalog, max(200, int(plays**0.6 * 12)))
    weights = list(itertools.accumulate(1 / (rank + 8) ** 0.9 for rank in range(len(library))))
    playlists = [f"spotify:playlist:{_base62(rng)}" for _ in range(25)]
    platforms = rng.sample(PLATFORMS, 3)
    country = rng.choice(("SE", "DE", "US", "BR", "JP"))
    per_session = 14.0
    at, made = float(start), 0
    while made < plays:
        left = plays - made
        at += rng.expovariate(1.0) * max(span - (at - start), HOUR) / max(left / per_session, 1)
        platform = rng.choices(platforms, (70, 25, 5))[0]
        country_now = country if rng.random() < 0.97 else rng.choice(("FR", "IT", "GB"))
        shuffle, offline, incognito = rng.random() < 0.5, rng.random() < 0.05, rng.random() < 0.02
        length = min(left, 1 + int(rng.expovariate(1 / per_session)))
        seen = max(50, int(len(library) * min(1.0, (at - start) / span + 0.15)))
        queue, context = _queue(
            rng, catalog, library[:seen], weights[:seen], playlists, length, shuffle
        )
        reason = rng.choice(STARTS[2:])
        for track in queue:
            skipped = rng.random() < 0.2
            duration = catalog.durations[track]
            heard = int(duration * rng.random() ** 2) if skipped else duration
            done = rng.choices(ENDS[1:], (80, 12, 2, 4, 2))[0] if skipped else "trackdone"
            at += heard + rng.randrange(80, 2_500)
            yield Heard(
                int(at), track, heard, context, reason, done, shuffle, skipped and done == "fwdbtn",
                offline, incognito, platform, country_now,
            )  # fmt: skip
            reason = done if done in STARTS else "clickrow"
            made += 1


def _library(rng: Random, catalog: Catalog, size: int) -> list[int]:
    """Tracks somebody knows, by artists they like: some whole albums, some single songs."""
    found: dict[int, None] = {}
    while len(found) < min(size, len(catalog.durations) // 2):
        known = bisect.bisect_left(catalog.fame, rng.random() * catalog.fame[-1])
        own = catalog.by_artist[known]
        for track in own if rng.random() < 0.3 else rng.sample(own, min(len(own), 3)):
            found[track] = None
    shuffled = list(found)
    rng.shuffle(shuffled)
    return shuffled


def _queue(
    rng: Random, catalog: Catalog, library: list[int], weights: list[float],
    playlists: list[str], length: int, shuffle: bool,
) -> tuple[list[int], str | None]:  # fmt: skip
    pick = [library[bisect.bisect_left(weights, rng.random() * weights[-1])] for _ in range(length)]
    if shuffle:
        return pick, rng.choice((*playlists, None))
    first = pick[0]
    own = catalog.by_artist[catalog.artists[first]]
    position = own.index(first)
    run = own[position : position + length]
    return run + pick[len(run) :], f"spotify:album:{catalog.albums[first]:022d}"


def _base62(rng: Random) -> str:
    letters = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
    return "".join(rng.choices(letters, k=22))


TODAY = datetime(2026, 11, 22, tzinfo=UTC)
