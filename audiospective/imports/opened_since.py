"""Closes gaps that a check opened after an import whose files tell that nothing is missing there.

Somebody whose checks stood still may bring Spotify's own file before they go on. A check knows
nothing of files: it opens the gap all the same, which this looks at soon after.
"""

from __future__ import annotations

from datetime import timedelta

from audiospective.clients.storage import DamagedError, MissingError, Storage
from audiospective.history import lock
from audiospective.imports import apply_import, archive_frames, covered_gaps, records
from audiospective.imports.choices import Choices
from audiospective.imports.errors import RefusedError
from audiospective.imports.findings import Findings
from audiospective.imports.source_bits import COMPLETE
from audiospective.models.gaps import Gap
from audiospective.models.imports import DONE, Import
from audiospective.policy.gaps import Cause

_ROOM = timedelta(days=1)  # more than clocks of files are put right by
# A gap is dated by when its check began, by the clock of the database. One that was under way while
# the import was committed may write its gap afterwards; clocks differ by minutes.
_UNDER_WAY = timedelta(minutes=15)


def close(storage: Storage, user_id: int) -> int:
    """Close what imports that were there before cover; how many. Safe to repeat.

    Only by what a service itself wrote: a scrobbler that was off looks like nobody listening.
    Raises what storage does.
    """
    closed = 0
    for row in Import.select().where(
        (Import.user == user_id) & (Import.status == DONE) & Import.committed_at.is_null(False)
    ):
        among = {gap.id for gap in _opened_since(row)}
        if not among or not _is_complete(row):
            continue
        try:
            told = apply_import.covered(
                records.staged(storage, row), Choices.loads(row.choices), row.id
            )
        except (MissingError, DamagedError, RefusedError):
            continue  # it can tell nothing
        ends = covered_gaps.ends_of_days({name: told[name] for name in COMPLETE if name in told})
        spans = covered_gaps.covered(user_id, ends, archive_frames.nothing())
        with lock.held(user_id):
            if Import.get_by_id(row.id).status == DONE:
                closed += len(covered_gaps.close(user_id, row.id, spans, among))
    return closed


def _opened_since(row: Import) -> list[Gap]:
    if row.first_at is None or row.last_at is None:
        return []
    since = Gap.select().where(
        (Gap.user == row.user_id)
        & Gap.closed_at.is_null()
        & (Gap.opened_at >= row.committed_at - _UNDER_WAY)
        & (Gap.cause != Cause.LATE.value)  # see covered_gaps.can_tell_of
        & (Gap.started_at >= row.first_at - _ROOM)
        & (Gap.ended_at <= row.last_at + _ROOM)
    )
    return list(since)


def _is_complete(row: Import) -> bool:
    return any(file.source in COMPLETE for file in Findings.loads(row.findings).files)
