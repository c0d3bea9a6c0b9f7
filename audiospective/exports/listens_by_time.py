"""Listens of an archive a page at a time, by when they began, as ListenBrainz' API tells them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import polars as pl

from audiospective.exports import plays_as_listens
from audiospective.history import search, segment
from audiospective.history.search import Wanted

LONGEST = 3 * 3_600_000  # ms by which a play may have begun before it ended
PART = 1_000  # plays that are looked at first, then twice as many each time
MOST = 16_000  # at one time
EDGE = 100  # plays at either end of an archive, among which its first and last listens are
OLDEST = (-(2**62), -1)  # before every play


def page(
    user_id: int, limit: int, *, before: int | None = None, after: int | None = None
) -> list[dict[str, Any]]:
    """At most `limit` listens that began before and after these seconds (UTC), the newest first.

    With `after` alone they are the first ones after it. The archive is kept by when plays ended, so
    parts of it are read until no later one can hold a listen of this page: at most all of it once,
    however few of its plays are listens.
    """
    rising = after is not None and before is None
    span = Wanted(
        start=None if after is None else after * 1000,
        end=None if before is None else before * 1000 + LONGEST,
    )
    found: list[dict[str, Any]] = []
    for plays, last in _parts(user_id, span, rising=rising):
        found += [
            listen
            for listen in _listens(plays)
            if (before is None or listen["listened_at"] < before)
            and (after is None or listen["listened_at"] > after)
        ]
        found = sorted(found, key=_began, reverse=not rising)[:limit]
        if len(found) == limit and (
            _began(found[-1]) <= last - LONGEST // 1000 if rising else _began(found[-1]) >= last
        ):
            break
    return sorted(found, key=_began, reverse=True)


def ends(user_id: int) -> tuple[int, int]:
    """When the newest and the oldest listen began, in seconds (UTC); 0 and 0 without any play.

    Only a few plays at either end are looked at. Where none of them is a listen, it is when the
    very last and first play ended.
    """
    last, _ = search.rows(user_id, Wanted(), limit=EDGE)
    first, _ = search.rows(user_id, Wanted(), after=OLDEST, limit=EDGE)
    newest = max((_began(one) for one in _listens(last)), default=_ended(last.head(1)))
    oldest = min((_began(one) for one in _listens(first)), default=_ended(first.head(1)))
    return newest, oldest


def _parts(user_id: int, span: Wanted, *, rising: bool) -> Iterator[tuple[pl.DataFrame, int]]:
    """Plays that are listens, and the second at which the last play ended that was looked at."""
    known = music = pl.Series(dtype=segment.SCHEMA["track"])
    for plays in search.pieces(user_id, span, rising=rising):
        start, size = 0, PART
        while start < plays.height:
            part = plays.slice(start, size)
            new = part["track"].unique()
            new = new.filter(~new.is_in(known.implode()))
            known = pl.concat([known, new])
            music = pl.concat([music, plays_as_listens.tracks(new)])
            yield part.filter(pl.col("track").is_in(music.implode())), _ended(part.tail(1))
            start, size = start + size, min(size * 2, MOST)


def _listens(plays: pl.DataFrame) -> list[dict[str, Any]]:
    if plays.is_empty():
        return []
    return [listen for _, listen in plays_as_listens.of(plays) if listen is not None]


def _ended(play: pl.DataFrame) -> int:
    at = play["played_at"].to_physical()
    return int(at[0]) // 1000 if at.len() else 0


def _began(listen: dict[str, Any]) -> int:
    return int(listen["listened_at"])
