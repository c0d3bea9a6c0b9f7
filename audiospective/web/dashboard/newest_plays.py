"""The newest plays as plain values, with the gaps between them, ready to be listed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from itertools import groupby

from audiospective.history.recent_plays import Found, RecentPlay
from audiospective.policy.archive_state import ArchiveState, Missing
from audiospective.web.filters import local

SHOWN = 12
SHORT = timedelta(minutes=1)  # of a gap that is not worth a row


@dataclass(frozen=True)
class Row:
    """A play, or a stretch in which plays may be missing; `at` is where it ended."""

    at: datetime
    play: RecentPlay | None = None
    gap: Missing | None = None


def with_gaps(found: Sequence[RecentPlay], state: ArchiveState, now: datetime) -> list[Row]:
    """The plays, and each open gap where it ends; gaps before the oldest play are left out."""
    if not found:
        return []
    rows = [Row(play.played_at, play=play) for play in found]
    for gap in _worth_a_row(state, now):
        end = gap.ended_at or now
        if end > found[-1].played_at:
            rows.append(Row(end, gap=gap))
    return sorted(rows, key=lambda row: (row.at, row.play is None), reverse=True)


def by_day(rows: Sequence[Row]) -> list[tuple[str, list[Row]]]:
    """Rows under the day on which they ended, in the reader's zone."""
    return [(day, list(group)) for day, group in groupby(rows, lambda one: local(one.at, "day"))]


def stamp(plays: Sequence[Found], state: ArchiveState, now: datetime) -> str:
    """A mark that changes when the list does, so that an unchanged one is not sent again.

    Of a gap that still grows only what the list says of it: not where it ends at present.
    """
    gaps = [(gap.begins_at, gap.ended_at, gap.cause) for gap in _worth_a_row(state, now)]
    facts = repr(([play[:2] for play in plays], gaps))
    return sha256(facts.encode()).hexdigest()[:12]


def _worth_a_row(state: ArchiveState, now: datetime) -> list[Missing]:
    return [gap for gap in state.open_gaps if (gap.ended_at or now) - gap.begins_at >= SHORT]
