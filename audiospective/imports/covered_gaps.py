"""Gaps that an import covers are closed, and those of an import that is taken back open again."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import NamedTuple

import polars as pl

from audiospective import clock
from audiospective.history import recovered
from audiospective.imports.archive_frames import ArchiveFrames
from audiospective.imports.source_bits import BITS, COMPLETE
from audiospective.models.gaps import Gap
from audiospective.models.plays import FROM_IMPORT, FROM_POLL
from audiospective.policy import import_spans
from audiospective.policy.gaps import Cause
from audiospective.policy.import_spans import Span
from audiospective.polling import closed_gaps

EndsOfDays = dict[str, list[int]]  # by source, the ends (UTC ms) of days, in order


class Covered(NamedTuple):
    """Time that files cover, from `start` to `end`; they were made after `told_until` (UTC ms)."""

    start: int
    end: int
    told_until: int


def closable(user_id: int, spans: list[Covered]) -> int:
    """How many open gaps these spans cover."""
    return sum(
        any(
            _covers(span[:2], gap) and closed_gaps.may_be_told(gap, clock.from_ms(span.told_until))
            for span in spans
        )
        for gap in Gap.select().where((Gap.user == user_id) & Gap.closed_at.is_null())
    )


def close(
    user_id: int, import_id: int, spans: list[Covered], among: Collection[int] | None = None
) -> list[Gap]:
    """Close what they cover, in the caller's transaction; with `among` only gaps of these ids."""
    closed = []
    for start, end, told_until in spans:
        closed += closed_gaps.close_by_import(
            user_id,
            clock.from_ms(start),
            clock.from_ms(end),
            import_id=import_id,
            added=(),
            among=among,
            told_until=clock.from_ms(told_until),
        )
    return closed


def can_tell_of(gap: Gap, committed_at: datetime) -> bool:
    """Whether an import's files may know what happened in a gap, whenever that was opened.

    Late plays came to Spotify between the two checks that show that they are late: a file that was
    there before knows none of those that left the page unseen. When a file was made it does not
    say, but that was after all that it tells of (Covered).
    """
    return bool(gap.opened_at < committed_at or gap.cause != Cause.LATE.value)


def count(user_id: int, found: ArchiveFrames) -> None:
    """As history.recovered, of all gaps and of an archive that is opened already."""
    brought = (pl.col("source") == FROM_IMPORT) & ~pl.col("removed")
    instants = found.plays.lazy().filter(brought).select("at").collect()["at"]
    for gap in Gap.select().where(Gap.user == user_id):
        start, end = clock.to_ms(gap.started_at), clock.to_ms(gap.ended_at)
        recovered.put(gap, int(((instants > start) & (instants <= end)).sum()))


def ends_of_days(by_source: dict[str, pl.Series]) -> EndsOfDays:
    """Of the instants that files tell of, by source, the few that `covered` needs, as minutes."""
    return {
        source: import_spans.ends_of_days(instants.sort() // 60_000 * 60_000).to_list()
        for source, instants in by_source.items()
    }


def covered(
    user_id: int, by_source: EndsOfDays, found: ArchiveFrames, before: datetime | None = None
) -> list[Covered]:
    """The time that the files of an import cover.

    What a service's own export leaves out did not happen. A scrobbler only counts around a gap
    where it saw what was polled, and that was opened `before` (None: all that there are).
    """
    told: list[Covered] = []
    gaps = list(Gap.select().where(Gap.user == user_id))
    if before is not None:
        gaps = [gap for gap in gaps if gap.opened_at < before]
    for source, instants in by_source.items():
        if source in COMPLETE:
            spans = covering = import_spans.certain(instants)
        else:
            spans = import_spans.spans(instants, import_spans.OTHERS)
            covering = [
                (clock.to_ms(gap.started_at), clock.to_ms(gap.ended_at))
                for span in spans
                for gap in gaps
                if _covers(span, gap) and _listened(gap, BITS[source], found)
            ]
        told += [Covered(*span, told_until=import_spans.last_row(spans)) for span in covering]
    return told


def _covers(span: Span, gap: Gap) -> bool:
    return span[0] <= clock.to_ms(gap.started_at) and clock.to_ms(gap.ended_at) <= span[1]


def _listened(gap: Gap, bit: int, found: ArchiveFrames) -> bool:
    near = import_spans.NEARBY // timedelta(milliseconds=1)
    plays = found.plays.filter(
        pl.col("at").is_between(
            clock.to_ms(gap.started_at) - near, clock.to_ms(gap.ended_at) + near
        )
        & (pl.col("source") & FROM_POLL != 0)
        & ~pl.col("removed")
    )
    shared = plays.filter(pl.col("seen").fill_null(0) & bit != 0)
    return import_spans.saw_it(plays.height, shared.height)


def open_gaps(user_id: int) -> int:
    """How many gaps are open."""
    where = (Gap.user == user_id) & Gap.closed_at.is_null()
    return int(Gap.select().where(where).count())
