"""Joins what a bundle knows to be complete with what was checked here before it came."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from audiospective import clock
from audiospective.history import within_a_second
from audiospective.models.coverage import Coverage
from audiospective.models.gaps import Gap
from audiospective.policy.gaps import Cause, Certainty


def restore(user_id: int, state: dict[str, Any], import_id: int, keys: Collection[int]) -> int:
    """Write stretches and gaps, in the caller's transaction; the number of gaps.

    `keys` are the times (ms) of plays that were here and that the bundle holds, too: then checks
    here reach back to the bundle, and nothing is missing in between.
    """
    Coverage.hold(user_id)
    here = Coverage.first(user_id)
    stretches = [(clock.from_ms(one["from"]), clock.from_ms(one["to"]))
                 for one in state["coverage"]]  # fmt: skip
    for one in state["gaps"]:
        _put(_up_to(here, _told(user_id, one, import_id)))
    if here is None:
        _write(user_id, stretches)
        _keep_apart(user_id)
        return len(state["gaps"])
    before = [(start, min(end, here.started_at)) for start, end in stretches
              if start < here.started_at]  # fmt: skip
    _write(user_id, before)
    if before and not keys and before[-1][1] < here.started_at:
        _put(_between(user_id, before[-1][1], here.started_at))
    elif before and before[-1][1] <= here.started_at:
        _grow(user_id, before[-1][0], here)
    _keep_apart(user_id, here.started_at)
    return len(state["gaps"])


def _write(user_id: int, stretches: list[tuple[datetime, datetime]]) -> None:
    for start, end in stretches:
        Coverage.insert(user=user_id, started_at=start, ended_at=end).on_conflict_ignore().execute()


def _put(found: Gap) -> None:
    """Put a gap on record; one up to the same play becomes as long as both where this is open.

    Then it is open itself: the import that closed the shorter one did not fill what is before it.
    """
    if list(Gap.insert(found.__data__).on_conflict_ignore().returning(Gap.id).execute()):
        return
    both = (Gap.user == found.user_id) & (Gap.ended_at == found.ended_at)
    if found.closed_at is None:
        Gap.update(started_at=found.started_at, closed_at=None, closed_by_import=None).where(
            both & (Gap.started_at > found.started_at)
        ).execute()
        Gap.update(probably_from=found.probably_from).where(
            both & (Gap.probably_from > found.probably_from)
        ).execute()
        if found.certainty == Certainty.SURE:
            Gap.update(certainty=found.certainty).where(both & Gap.closed_at.is_null()).execute()


def _up_to(here: Coverage | None, gap: Gap) -> Gap:
    """A gap up to the play that the first check here begins with, which told another fraction of
    its second: it ends where that one begins."""
    start = gap.ended_at if here is None else here.started_at
    if timedelta(0) < gap.ended_at - start <= timedelta(milliseconds=within_a_second.LESS):
        gap.ended_at, gap.probably_from = start, min(gap.probably_from, start)
        gap.started_at = min(gap.started_at, start)
    return gap


def _told(user_id: int, told: dict[str, Any], import_id: int) -> Gap:
    closed = told["closed_at"]
    return Gap(
        user=user_id,
        started_at=clock.from_ms(told["from"]),
        probably_from=clock.from_ms(told["probably_from"]),
        ended_at=clock.from_ms(told["to"]),
        cause=told["cause"],
        certainty=told["certainty"],
        opened_at=clock.from_ms(told["opened_at"]),
        closed_at=None if closed is None else clock.from_ms(closed),
        closed_by_import=import_id if told["by_import"] else None,
        recovered=told["recovered"],
    )


def _between(user_id: int, start: datetime, end: datetime) -> Gap:
    """Nobody asked between the bundle and the first check here."""
    return Gap(
        user=user_id,
        started_at=start,
        probably_from=start,
        ended_at=end,
        cause=Cause.PAUSED.value,
        certainty=Certainty.POSSIBLE.value,
        opened_at=clock.now(),
    )


def _keep_apart(user_id: int, checked_from: datetime | None = None) -> None:
    """No stretch reaches over an open gap; what was checked here, from then on, stays."""
    opened = (Gap.user == user_id) & Gap.closed_at.is_null()
    for gap in Gap.select().where(opened):
        Coverage.cut(user_id, gap.probably_from, min(gap.ended_at, checked_from or gap.ended_at))


def _grow(user_id: int, start: datetime, here: Coverage) -> None:
    """The bundle's last stretch goes on as the first one of here."""
    Coverage.delete().where(
        (Coverage.user == user_id) & (Coverage.started_at == here.started_at)
    ).execute()
    Coverage.update(ended_at=here.ended_at).where(
        (Coverage.user == user_id) & (Coverage.started_at == start)
    ).execute()
