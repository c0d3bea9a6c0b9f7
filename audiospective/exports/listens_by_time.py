"""Listens of an archive a page at a time, by when they began, as ListenBrainz' API tells them."""

from __future__ import annotations

from typing import Any

import polars as pl

from audiospective.exports import making_listens
from audiospective.history import hot, search
from audiospective.history.search import Wanted

LONGEST = 3 * 3_600_000  # ms by which a play may have begun before it ended
PART = 1_000  # plays that are read at a time
OLDEST = (-(2**62), -1)  # before every play


def page(
    user_id: int, limit: int, *, before: int | None = None, after: int | None = None
) -> list[dict[str, Any]]:
    """At most `limit` listens that began before and after these seconds (UTC), the newest first.

    With `after` alone they are the first ones after it. The archive is kept by when plays ended, so
    parts of it are read until no later one can hold a listen of this page.
    """
    rising = after is not None and before is None
    span = Wanted(
        start=None if after is None else after * 1000,
        end=None if before is None else before * 1000 + LONGEST,
    )
    found: list[dict[str, Any]] = []
    edge: hot.Key | None = None
    while True:
        plays, more = search.rows(
            user_id,
            span,
            before=None if rising else edge,
            after=(edge or OLDEST) if rising else None,
            limit=PART,
        )
        found += [
            listen
            for _, listen in making_listens.of(plays)
            if listen is not None
            and (before is None or listen["listened_at"] < before)
            and (after is None or listen["listened_at"] > after)
        ]
        found = sorted(found, key=_began, reverse=not rising)[:limit]
        if not more:
            break
        edge = plays.tail(1).select(pl.col("played_at").to_physical(), "track").rows()[0]
        last = edge[0] // 1000
        if len(found) == limit and (
            _began(found[-1]) <= last - LONGEST // 1000 if rising else _began(found[-1]) >= last
        ):
            break
    return sorted(found, key=_began, reverse=True)


def _began(listen: dict[str, Any]) -> int:
    return int(listen["listened_at"])
