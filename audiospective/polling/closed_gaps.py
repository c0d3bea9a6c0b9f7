"""Closes the gaps that an import covers, joins the coverage on both sides, and opens them again."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from itertools import pairwise

from audiospective import clock
from audiospective.models.coverage import Coverage
from audiospective.models.gaps import Gap
from audiospective.models.imports import AROUND, Import
from audiospective.policy.gaps import Cause


def close_by_import(
    user_id: int,
    start: datetime,
    end: datetime,
    *,
    import_id: int,
    added: Collection[int],
    among: Collection[int] | None = None,
    told_until: datetime | None = None,
) -> list[Gap]:
    """Close the gaps that an import covers; returns them. The caller holds the transaction.

    `start` to `end` is the time that the imported file covers without gaps of its own; `added`
    are the ends (UTC milliseconds) of the plays that it added. A gap that the file covers only in
    part stays open, and what was recovered in it is counted. With `among` only gaps of these ids
    are looked at, with `told_until`, the newest play in the files, only those that `may_be_told`.
    """
    closed = []
    Coverage.hold(user_id)
    for gap in _open(user_id):
        if among is not None and gap.id not in among:
            continue
        if told_until is not None and not may_be_told(gap, told_until):
            continue
        # A check and a new account take no lock, and may make it longer meanwhile.
        while not _put(gap, start, end, import_id, added):
            gap = Gap.get_by_id(gap.id)  # noqa: PLW2901 - the same one
        if gap.closed_at is not None:
            closed.append(gap)
    if closed:
        join(user_id)
    return closed


def may_be_told(gap: Gap, told_until: datetime) -> bool:
    """Whether files that tell of plays up to an instant may tell of those that a gap lost.

    Late plays came to Spotify just before the check that opened it: maybe after the files were
    made, which may have been long before they were brought.
    """
    return bool(gap.cause != Cause.LATE.value or gap.opened_at <= told_until)


def told_by_check(user_id: int, ends: Collection[int]) -> None:
    """Have counted anew what imports put into gaps: a check tells of some of it (UTC ms), too.

    In the check's transaction, after its gaps: gaps come before imports, as everywhere.
    """
    first, last = clock.from_ms(min(ends) - AROUND), clock.from_ms(max(ends) + AROUND)
    counted = (Gap.user == user_id) & (Gap.recovered > 0)
    if Gap.select().where(counted & (Gap.started_at < last) & (Gap.ended_at >= first)).exists():
        Import.look_again(user_id, first, last)


def reopen(user_id: int, import_id: int) -> list[Gap]:
    """An import was undone: the gaps that it closed are open again; returns these."""
    Coverage.hold(user_id)
    undone = list(Gap.select().where((Gap.user == user_id) & (Gap.closed_by_import == import_id)))
    for gap in undone:
        # No more than that: whoever attaches another account takes no lock, and may make it longer.
        Gap.update(closed_at=None, closed_by_import=None, recovered=0).where(
            Gap.id == gap.id
        ).execute()
        Coverage.cut(user_id, gap.probably_from, gap.ended_at)
    return undone


def _put(gap: Gap, start: datetime, end: datetime, import_id: int, added: Collection[int]) -> bool:
    """Close it if it is covered, and count; False where it is no longer as it was read."""
    first, last = clock.to_ms(gap.started_at), clock.to_ms(gap.ended_at)
    recovered = sum(first < at <= last for at in added)
    covers = start <= gap.started_at and gap.ended_at <= end
    if not covers and not recovered:
        return True
    gap.recovered += recovered
    if covers:
        gap.closed_at, gap.closed_by_import = clock.now(), import_id
    changed = {Gap.closed_at: gap.closed_at, Gap.closed_by_import: gap.closed_by_import,
               Gap.recovered: gap.recovered}  # fmt: skip
    same = (Gap.started_at == gap.started_at) & (Gap.ended_at == gap.ended_at)
    return bool(Gap.update(changed).where((Gap.id == gap.id) & same).execute())


def _open(user_id: int) -> list[Gap]:
    return list(
        Gap.select().where((Gap.user == user_id) & Gap.closed_at.is_null()).order_by(Gap.started_at)
    )


def join(user_id: int) -> None:
    """Stretches of coverage that nothing separates any more become one."""
    apart = [(gap.probably_from, gap.ended_at) for gap in _open(user_id) if gap.is_probable]
    stretches = list(
        Coverage.select().where(Coverage.user == user_id).order_by(Coverage.started_at)
    )
    overlap = False
    for earlier, later in pairwise(stretches):
        reach = earlier.ended_at
        # Gaps may overlap: late plays inside of one leave another.
        if reach and any(start < later.started_at and end > reach for start, end in apart):
            continue
        overlap = overlap or reach is None or reach > later.started_at
        Coverage.delete().where(
            (Coverage.user == user_id) & (Coverage.started_at == later.started_at)
        ).execute()
        earlier.write(earlier.started_at, later.ended_at)
        later.started_at = earlier.started_at  # the next pair continues from the merged stretch
    # Earlier releases could let two stretches grow at once, with an open gap between their starts.
    for start, end in apart if overlap else ():
        Coverage.cut(user_id, start, end)
