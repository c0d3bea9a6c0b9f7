"""Plays that an import brought and a poll brings again are made one, the poll's time winning.

A poll adds rows without a look at imports: it must stay fast. What it doubles is found here soon.
"""

from __future__ import annotations

import polars as pl

from audiospective.history.replacing import ChangedError
from audiospective.imports import archive, identity, matching, merging, observations
from audiospective.imports.archive_frames import FACTS, PLAYS, ArchiveFrames, observed
from audiospective.models.imports import DONE, Import
from audiospective.models.plays import FROM_BOTH, FROM_IMPORT, FROM_POLL


def reconcile(user_id: int) -> int:
    """Make one of every polled play and the imported one that it is; how many. Safe to repeat."""
    rows = Import.select().where((Import.user == user_id) & (Import.status == DONE))
    # Counted before they are read: what a poll brings meanwhile is for the next round.
    seen = {row.id: row.polls_in_its_time() for row in rows}
    before, found = archive.opened(user_id)
    after, joined = together(found)
    if joined:
        try:
            archive.written(user_id, before, archive.ready(user_id, before, after))
        except ChangedError:
            return 0  # somebody is at it just now; the next round looks again
    for import_id, count in seen.items():
        Import.update(polls_seen=count - joined).where(Import.id == import_id).execute()
    return joined


def together(found: ArchiveFrames) -> tuple[ArchiveFrames, int]:
    """The archive with each play once, and how many were there twice.

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
        return found, 0
    told = brought[pairs["right"]].select(*FACTS, "import_id", "seen", "removed")
    one = polled[pairs["left"]].drop(*FACTS, "import_id", "seen", "removed")
    one = pl.concat([one, told], how="horizontal").with_columns(source=pl.lit(FROM_BOTH, pl.Int8))
    gone = pl.concat([polled[pairs["left"]]["place"], brought[pairs["right"]]["place"]])
    rest = plays.join(gone.to_frame("place"), on="place", how="anti")
    merged = pl.concat([rest.select(PLAYS.names()), one.select(PLAYS.names())])
    return ArchiveFrames(merged.sort("at", "track"), found.tracks), pairs.height
