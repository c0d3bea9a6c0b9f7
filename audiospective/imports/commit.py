"""Adds the plays of an import to the archive, all at once, or takes them back."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import polars as pl

from audiospective import clock
from audiospective.clients.storage import MissingError
from audiospective.history import lock, replacing
from audiospective.history.replacing import ChangedError
from audiospective.imports import (
    apply_import,
    archive,
    archive_frames,
    covered_gaps,
    kept_result,
    records,
    review,
    storing,
)
from audiospective.imports.apply_import import Staged
from audiospective.imports.archive_frames import ArchiveFrames
from audiospective.imports.choices import Choices
from audiospective.imports.claims import Claim
from audiospective.imports.covered_gaps import Covered
from audiospective.imports.errors import RefusedError
from audiospective.imports.findings import Findings
from audiospective.imports.kept_result import Result
from audiospective.imports.restore import writing
from audiospective.imports.review import Review
from audiospective.models.imports import DONE, UNDONE, Import
from audiospective.notices.kinds import import_done
from audiospective.polling import closed_gaps
from audiospective.services import Services

T = TypeVar("T")
STEPS = 4  # that a member sees go by: read, paired, named, written
TRIES = 5  # times that the archive may change while it is worked out


def commit(services: Services, claim: Claim) -> None:
    """Add the plays that the member agreed to; raises UnbalancedError, LostError, ChangedError."""
    if Findings.loads(claim.row.findings).restores:
        writing.write(services, claim)
        return

    def once() -> None:
        claim.beat(1, STEPS)
        findings = Findings.loads(claim.row.findings)
        before, found = archive.opened(claim.user_id)
        tracks, result, told = _result(services, claim, findings, before, found)
        claim.beat(2, STEPS)
        deleted = archive_frames.deleted(found)
        frames = [ArchiveFrames(result.plays, found.tracks)]
        spans = covered_gaps.covered(claim.user_id, result.ends_of_days, frames[0])
        del result, found  # of a million rows they are large, and writing needs room
        after = archive.in_catalog(frames.pop(), apply_import.numbered(tracks))
        claim.beat(3, STEPS)
        ready = archive.ready(claim.user_id, before, after)
        with lock.held(claim.user_id):
            archive.written(claim.user_id, before, ready)
            archive.retold(claim.user_id, deleted, after)
            told.gaps_closed = len(covered_gaps.close(claim.user_id, claim.id, spans))
            covered_gaps.count(claim.user_id, after)
            Import.polls_went(claim.user_id, replacing.no_longer_polled(before, ready))
            _done(claim, findings, told)
            import_done.put(services, claim.id, told.gaps_closed)

    _again(once)
    storing.drop_files(services.storage, claim.row)


def _result(
    services: Services,
    claim: Claim,
    findings: Findings,
    before: replacing.Snapshot,
    found: ArchiveFrames,
) -> tuple[pl.DataFrame, Result, Review]:
    """The tracks of the files, what the archive becomes, and what is told of it.

    As the review worked it out if nothing has changed since, else anew.
    """
    row, restores = claim.row, writing.restores(claim.user_id)
    tracks = _staged(lambda: records.table(services.storage, row, "tracks"), row)
    if findings.review is not None:
        told = review.again(claim.user_id, findings.review)
        made_of = kept_result.mark(row, before, found, tracks, restores)
        plays = found.plays.height + told.total.added
        result = kept_result.get(services.storage, row, made_of, plays)
        if result is not None:
            return tracks, result, told
    staged = _staged(lambda: records.staged(services.storage, row), row)
    worked = apply_import.apply(
        found, staged, Choices.loads(row.choices), row.id, restores=restores
    )
    told = review.of(claim.user_id, found, staged, worked)
    records.put_sheet(services.storage, row, worked.sheet, services.settings.home)
    return tracks, Result(worked.frames.plays, covered_gaps.ends_of_days(worked.covered)), told


def undo(services: Services, claim: Claim) -> None:
    """Make the archive what it would be had the import never been; the same errors."""

    def once() -> None:
        claim.beat(1, STEPS)
        others = [one for one in _committed(claim.user_id) if one.id != claim.id]
        kept = [
            (one, _staged(partial(records.staged, services.storage, one), one)) for one in others
        ]
        before, found = archive.opened(claim.user_id)
        told = [claim.id, *(one.id for one in others)]
        stripped = archive_frames.without_imports(found, told, _live(claim.user_id))
        rebuilt = _rebuilt(
            stripped, kept, writing.restores(claim.user_id), lambda: claim.beat(2, STEPS)
        )
        claim.beat(3, STEPS)
        after = archive.in_catalog(rebuilt.frames, rebuilt.tracks)
        spans = {
            one.id: covered_gaps.covered(
                claim.user_id,
                covered_gaps.ends_of_days(rebuilt.covered[one.id]),
                after,
                one.committed_at,
            )
            for one in others
        }
        ready = archive.ready(claim.user_id, before, after)
        with lock.held(claim.user_id):
            if [one.id for one in _committed(claim.user_id) if one.id != claim.id] != list(spans):
                raise ChangedError
            archive.written(claim.user_id, before, ready)
            archive.retold(claim.user_id, archive_frames.deleted(found), after)
            _heal_again(claim, others, spans)
            covered_gaps.count(claim.user_id, after)
            Import.polls_went(claim.user_id, replacing.no_longer_polled(before, ready))
            claim.end(UNDONE, {"committed_at": None})

    _again(once)
    storing.drop(services.storage, claim.row)


@dataclass
class _Rebuilt:
    frames: ArchiveFrames
    tracks: pl.DataFrame
    covered: dict[int, dict[str, pl.Series]]


def _rebuilt(
    start: ArchiveFrames,
    kept: list[tuple[Import, Staged]],
    restores: Collection[int],
    beat: Callable[[], None],
) -> _Rebuilt:
    """The archive with the imports that stay, in the order in which they came."""
    made = _Rebuilt(start, pl.DataFrame(), {})
    base, tracks = -1, []
    for row, staged in kept:
        choices = Choices.loads(row.choices)
        worked = apply_import.apply(made.frames, staged, choices, row.id, base, restores=restores)
        beat()
        made.frames = worked.frames
        made.covered[row.id] = worked.covered
        tracks.append(worked.tracks)
        base -= worked.tracks.height
    made.tracks = pl.concat(tracks) if tracks else pl.DataFrame(schema=archive.NUMBERED)
    return made


def _heal_again(claim: Claim, others: list[Import], spans: dict[int, list[Covered]]) -> None:
    """What the import closed is open again, but for what others tell of, too. It closes nothing."""
    were_closed = [
        gap for number in (claim.id, *spans) for gap in closed_gaps.reopen(claim.user_id, number)
    ]
    for one in others:
        among = {gap.id for gap in were_closed if covered_gaps.can_tell_of(gap, one.committed_at)}
        covered_gaps.close(claim.user_id, one.id, spans[one.id], among)


def _done(claim: Claim, found: Findings, told: Review) -> None:
    found.review = told.as_dict()
    claim.end(
        DONE,
        {
            "findings": found.dumps(),
            "rows": told.total.rows,
            "added": told.total.added,
            "matched": told.total.matched,
            "skipped": told.total.all_skipped,
            "rejected": told.total.all_rejected,
            "committed_at": clock.now(),
        },
    )


def _committed(user_id: int) -> list[Import]:
    query = Import.select().where((Import.user == user_id) & Import.committed_at.is_null(False))
    return list(query.order_by(Import.committed_at, Import.id))


def _live(user_id: int) -> int | None:
    """The import that stands for what the member's players send, if they ever did."""
    query = Import.select(Import.id).where((Import.user == user_id) & Import.live)
    found: int | None = query.scalar()
    return found


def _staged(read: Callable[[], T], row: Import) -> T:
    try:
        return read()
    except MissingError:
        raise RefusedError(
            f"What was kept of import {row.id} is not there any more, so nothing was changed."
        ) from None


def _again(once: Callable[[], None]) -> None:
    for _ in range(TRIES - 1):
        try:
            return once()
        except ChangedError:
            continue
    return once()
