"""How people listen: habits, and the plays of one listening day made from them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from audiospective.sandbox.catalog import Artist, Catalog, Track
from audiospective.sandbox.ids import base62
from audiospective.sandbox.plays import Play

HOUR_MS = 3_600_000
# A listening day runs from four in the morning to the next, so that no night is cut in two.
DAWN = time(4)
RECORDED_FROM_MS = 30_000


@dataclass(frozen=True, slots=True)
class Habit:
    """Sessions a day, tracks a session, hours after four in the morning when they begin.

    `skips`, `offline`, `repeats`, `podcasts` and `private` are shares between 0 and 1.
    """

    sessions: float
    length: float
    peaks: tuple[float, ...] = (4.0, 9.0, 15.5)
    favourites: int = 14
    skips: float = 0.12
    offline: float = 0.0
    repeats: float = 0.02
    podcasts: float = 0.03
    private: float = 0.03


HABITS = {
    "silent": Habit(0, 0),
    "steady": Habit(2.6, 11),
    "commuter": Habit(2.0, 12, peaks=(3.5, 13.5), offline=0.35, podcasts=0.08),
    "night": Habit(1.4, 24, peaks=(17.0, 19.0), favourites=8),
    "loop": Habit(2.0, 16, favourites=3, repeats=0.45),
    "radio": Habit(4.0, 42, peaks=(3.0, 7.0, 11.0, 15.0), favourites=40, skips=0.03),
    "seldom": Habit(0.35, 8, peaks=(12.0, 16.0)),
}


def day_start(day: date, zone: ZoneInfo) -> int:
    """UTC milliseconds at which a listening day begins in a zone."""
    return int(datetime.combine(day, DAWN, zone).timestamp()) * 1000


def favourites(seed: str, listener_id: str, catalog: Catalog, count: int) -> list[Artist]:
    """The artists somebody returns to, dearest first."""
    return Random(f"taste/{seed}/{listener_id}").sample(catalog.ordered, count)


def day_plays(
    seed: str, listener_id: str, habit: Habit, zone: ZoneInfo, day: date, catalog: Catalog
) -> Iterator[Play]:
    """Every play of one listening day, hidden ones too; the same for the same arguments."""
    rng = Random(f"day/{seed}/{listener_id}/{day}")
    count = int(habit.sessions + rng.random()) if habit.sessions else 0
    if not count:
        return
    dear = favourites(seed, listener_id, catalog, habit.favourites)
    begin, end = day_start(day, zone), day_start(date.fromordinal(day.toordinal() + 1), zone)
    starts = sorted(
        begin + int(min(23.0, max(0.0, rng.gauss(rng.choice(habit.peaks), 0.9))) * HOUR_MS)
        for _ in range(count)
    )
    order, free_from = day.toordinal() * 10_000, begin
    for start in starts:
        plays = list(_session(rng, listener_id, habit, max(start, free_from), dear))
        plays = [play for play in plays if play.played_at < end]
        if plays and rng.random() < habit.offline:
            back_online = plays[-1].played_at + rng.randrange(HOUR_MS // 4, 9 * HOUR_MS)
            for play in plays:
                play.offline, play.recorded_at = True, back_online
        for play in plays:
            order += 1
            play.order = order
            free_from = play.played_at + 5_000
            yield play


def _session(
    rng: Random, listener_id: str, habit: Habit, start: int, dear: list[Artist]
) -> Iterator[Play]:
    """One sitting: a queue with its context, from `start` until it ends."""
    length = max(1, int(rng.expovariate(1 / habit.length)) if habit.length else 1)
    queue, context, shuffle = _queue(rng, listener_id, dear, min(length, 120))
    private = rng.random() < habit.private
    at = start + rng.randrange(60_000)
    while queue:
        track = queue.pop(0)
        skipped = rng.random() < habit.skips
        heard = int(track.duration_ms * rng.random() ** 2) if skipped else track.duration_ms
        at += heard
        hidden = "private" if private else "skip" if heard < RECORDED_FROM_MS else ""
        if not hidden and rng.random() < habit.podcasts:
            hidden = "podcast"
        yield Play(at, at, 0, track, context, heard, "habit", hidden, skipped=skipped,
                   shuffle=shuffle)  # fmt: skip
        at += rng.randrange(120, 2_500)
        if rng.random() < habit.repeats:
            queue.insert(0, track)


def _queue(
    rng: Random, listener_id: str, dear: list[Artist], length: int
) -> tuple[list[Track], dict[str, Any] | None, bool]:
    """What plays next, the context it plays from, and whether it is shuffled."""
    artist = dear[min(int(rng.expovariate(4 / len(dear))), len(dear) - 1)]
    kind = rng.random()
    if kind < 0.35:
        album = rng.choice(artist.albums)
        return album.tracks[:length], context_of("album", album.id), False
    pool = [track for album in artist.albums for track in album.tracks]
    if kind < 0.5:
        return rng.choices(pool, k=length), context_of("artist", artist.id), True
    pool = [track for some in dear for album in some.albums for track in album.tracks]
    queue = rng.choices(pool, k=length)
    if kind < 0.8:
        playlist = base62("playlist", listener_id, rng.randrange(6))
        old_form = rng.random() < 0.15
        return queue, context_of("playlist", playlist, listener_id if old_form else None), True
    if kind < 0.88:
        return queue, context_of("collection", listener_id), True
    return queue, None, False


def context_of(kind: str, id: str, owner: str | None = None) -> dict[str, Any]:
    """A context object; `owner` gives a playlist its old URI form, a collection is a user's."""
    if kind == "collection":
        return {
            "type": kind,
            "href": "https://api.spotify.com/v1/me/tracks",
            "external_urls": {"spotify": "https://open.spotify.com/collection/tracks"},
            "uri": f"spotify:user:{id}:collection",
        }
    return {
        "type": kind,
        "href": f"https://api.spotify.com/v1/{kind}s/{id}",
        "external_urls": {"spotify": f"https://open.spotify.com/{kind}/{id}"},
        "uri": f"spotify:user:{owner}:{kind}:{id}" if owner else f"spotify:{kind}:{id}",
    }
