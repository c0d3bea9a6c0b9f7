"""Plays of an archive next to what was sent of them to another server."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from audiospective.history import reading, segment
from audiospective.history.catalog import track_facts
from audiospective.models import RemovedPlay
from audiospective.models.plays import FROM_POLL, SENT_LIVE
from audiospective.policy import forwarding as rules
from audiospective.policy.forwarding import Candidate, Key


def candidates(plays: pl.DataFrame) -> list[Candidate]:
    """Plays (segment.COLUMNS) as the rules of policy.forwarding want them."""
    columns = (pl.col("played_at").to_physical(), "track", "source", "seen", "platform")
    return [
        Candidate((at, track), bool(source & FROM_POLL), bool((seen or 0) & SENT_LIVE), platform)
        for at, track, source, seen, platform in plays.select(columns).rows()
    ]


def moved(
    user_id: int,
    start: int,
    there: Sequence[Candidate],
    new: Sequence[Candidate],
    sent: set[Key],
) -> tuple[Sequence[Key], Mapping[Key, Key]]:
    """Keys of sent plays that have gone, and those that they became (rules.moved).

    A play that its owner deleted is no sent one under another key, until it gets one itself. What
    became none of the new ones is forgotten: later ones have nothing to do with it.
    """
    gone = rules.vanished(sent, {one.key for one in there})
    removed = _removed(user_id, start) if gone else set()
    gone = [key for key in gone if key not in removed]
    if not gone:
        return [], {}
    deleted = removed - sent
    tracks = {track for _, track in (*gone, *deleted, *(one.key for one in new))}
    facts = track_facts.of(pl.Series(sorted(tracks), dtype=pl.Int32))
    titles, lengths = (
        dict(facts.select("track", name).drop_nulls().rows()) for name in ("title", "duration_ms")
    )
    return gone, rules.moved(gone, new, deleted, titles, lengths)


def of_keys(plays: pl.DataFrame, keys: set[Key]) -> pl.DataFrame:
    """Those of the plays that have these keys, in order."""
    return plays.join(reading.key_frame(sorted(keys)), on=segment.KEY, how="semi").sort(segment.KEY)


def _removed(user_id: int, start: int) -> set[Key]:
    mine = (RemovedPlay.user == user_id) & (RemovedPlay.played_at >= start)
    return set(RemovedPlay.select(RemovedPlay.played_at, RemovedPlay.track).where(mine).tuples())
