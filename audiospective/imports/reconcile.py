"""Plays that an import brought and a poll brings again are made one, the poll's time winning.

A poll adds rows without a look at imports: it must stay fast. What it doubles is found here soon.
"""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from audiospective.history import lock, removal
from audiospective.history.replacing import ChangedError
from audiospective.imports import archive, covered_gaps, identity, matching, merging, observations
from audiospective.imports.archive_frames import FACTS, PLAYS, ArchiveFrames, observed
from audiospective.models.imports import DONE, LOOK_AGAIN, LOOKING, Import
from audiospective.models.plays import FROM_BOTH, FROM_IMPORT, FROM_POLL

# Where an import told of a play, where and from what context a poll did, whether it was deleted.
_KEY = {"at": PLAYS["at"], "track": PLAYS["track"]}
PAIRS = pl.Schema(
    {
        **{f"was_{name}": kind for name, kind in _KEY.items()},
        **_KEY,
        **{name: PLAYS[name] for name in ("context", "removed")},
    }
)


def reconcile(user_id: int, also: Callable[[], object] = int) -> int:
    """Make one of every polled play and the imported one that it is; how many. Safe to repeat.

    `also` is done before the imports count as looked at: whatever ends it, the next round comes
    back to it.
    """
    mine = (Import.user == user_id) & (Import.status == DONE)
    Import.update(polls_seen=LOOKING).where(mine).execute()
    # Counted before they are read: what a poll brings meanwhile is for the next round.
    seen = {row.id: row.polls_in_its_time() for row in Import.select().where(mine)}
    before, found = archive.opened(user_id)
    after, pairs = together(found)
    joined = pairs.height
    try:
        if joined:
            ready = archive.ready(user_id, before, after)
            with lock.held(user_id):
                archive.written(user_id, before, ready)
                removal.move(user_id, moved(pairs))
                covered_gaps.count(user_id, after)
        else:
            with lock.held(user_id):
                archive.require_kept(user_id, before)
                covered_gaps.count(user_id, found)  # of gaps that were opened since
    except ChangedError:
        return 0  # somebody is at it just now; the next round looks again
    also()
    for import_id, count in seen.items():
        # Unless a check has asked meanwhile that they are looked at again. What was joined may lie
        # in the time of another import: lower numbers mean something else.
        Import.update(polls_seen=max(count - joined, LOOK_AGAIN)).where(
            (Import.id == import_id) & (Import.polls_seen == LOOKING)
        ).execute()
    return joined


def together(found: ArchiveFrames) -> tuple[ArchiveFrames, pl.DataFrame]:
    """The archive with each play once, and those that were there twice (PAIRS).

    A deleted play of which the archive knows that only an import told it stays deleted.
    """
    plays = found.plays.with_row_index("place")
    polled = plays.filter((pl.col("source") == FROM_POLL) & ~pl.col("removed"))
    brought = plays.filter(pl.col("source") == FROM_IMPORT)
    who = identity.same(found.tracks)
    sides = (
        observations.spans(merging.on_who(observed(side), who, found.tracks))
        for side in (polled, brought)
    )
    pairs = matching.match(*sides)
    if pairs.is_empty():
        return found, pl.DataFrame(schema=PAIRS)
    told = brought[pairs["right"]].select(*FACTS, "import_id", "seen", "removed")
    one = polled[pairs["left"]].drop(*FACTS, "import_id", "seen", "removed")
    one = pl.concat([one, told], how="horizontal").with_columns(source=pl.lit(FROM_BOTH, pl.Int8))
    joined = pl.concat(
        [brought[pairs["right"]].select(was_at="at", was_track="track"), one], how="horizontal"
    ).select(PAIRS.names())
    gone = pl.concat([polled[pairs["left"]]["place"], brought[pairs["right"]]["place"]])
    rest = plays.join(gone.to_frame("place"), on="place", how="anti")
    merged = pl.concat([rest.select(PLAYS.names()), one.select(PLAYS.names())])
    return ArchiveFrames(merged.sort("at", "track"), found.tracks), joined


def moved(pairs: pl.DataFrame) -> list[removal.Move]:
    """Of PAIRS where the deleted plays stood, and how polls told them: see removal.move."""
    return [
        ((one["was_at"], one["was_track"]), (one["at"], one["track"]), one["context"])
        for one in pairs.filter("removed").rows(named=True)
    ]
