"""Plans polls: finds who is due in the database, cuts batches, spreads them over the window."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from peewee import ModelSelect
from redis.exceptions import RedisError

from audiospective import clock, log
from audiospective.clients.queues import FREE, INTERACTIVE, PRO, Later
from audiospective.models import Connection, SpotifyApp, User, claims
from audiospective.models.base import Prepared, clock_now, given, given_list
from audiospective.policy import failures, schedule
from audiospective.policy.schedule import Candidate
from audiospective.polling import call_quota, clock_set_back
from audiospective.services import Services

SLOT_FORMAT = "%Y_%m_%d_%H%M"  # letters that a job's id may hold
TASK = "archive_batch"
MARK_SECONDS = 20 * 60
EARLY = timedelta(seconds=30)  # clocks of two machines differ by less


@dataclass(frozen=True)
class Batch:
    """People who are polled together; `lane` is the queue."""

    lane: str
    user_ids: tuple[int, ...]


@dataclass(frozen=True)
class Slot:
    """A planning window, from `start` up to but not including `end`."""

    start: datetime
    end: datetime


@dataclass(frozen=True)
class Due:
    user_id: int
    lane: str
    priority: int
    due_at: datetime
    alone: bool


def plan(services: Services, now: datetime | None = None) -> list[Batch]:
    """Enqueue batches for everybody who is due before this window ends; returns them.

    Run twice or late, by one planner or by two, it does no harm: a window that was planned is
    left alone, and where both plan at once the claim decides who polls whom. What still waits of
    the plan before is forgotten: those people are due, so they are in this one, and without
    workers the queue does not grow.
    """
    now = now or clock.now()
    slot = _slot_to_plan(services, now)
    if _planned(services, slot.start):
        return []
    prepare(services)
    batches = cut(due(slot.end, now), services.settings.batch_size)
    starts = schedule.spread(now, slot.end, len(batches))
    for lane in (PRO, FREE):
        services.queues.empty(lane)
    for batch in batches[:1]:  # the first begins at once
        enqueue(services, batch, slot.start)
    services.queues.enqueue_later(
        [
            Later(start, batch.lane, TASK, _args(slot.start, batch), _job_id(slot.start, batch))
            for start, batch in list(zip(starts, batches, strict=True))[1:]
        ]
    )
    _mark_planned(services, slot.start)
    people = sum(len(batch.user_ids) for batch in batches)
    log.event("planned", slot=slot_name(slot.start), batches=len(batches), people=people)
    return batches


def enqueue_due(services: Services) -> list[Batch]:
    """Enqueue at once whoever is due now, without a scheduler that could hold batches back."""
    prepare(services)
    now = clock.now()
    batches = cut(due(now, now), services.settings.batch_size)
    for batch in batches:
        enqueue(services, batch, current_slot(services, now).start)
    return batches


def prepare(services: Services) -> None:
    """What must be right before anybody is looked for: the rows' times, the apps' allowances."""
    clock_set_back.bring_back(services)
    call_quota.pause_spent(services)


def requeue(services: Services, user_ids: Sequence[int], slot: datetime) -> None:
    """Enqueue the rest of a batch that had to stop early."""
    if not user_ids:
        return
    try:
        enqueue(services, Batch(INTERACTIVE, tuple(user_ids)), slot)
    except RedisError as error:
        log.trouble("people_wait_for_next_plan", error, people=len(user_ids))


def due(before: datetime, now: datetime, among: Collection[int] = ()) -> list[Due]:
    """Everybody to be polled before `before`, the most urgent first; one query.

    With `among` only people of those.
    """
    rows = _DUE_AMONG.run(before=before, among=list(among)) if among else _DUE.run(before=before)
    found = [
        Due(
            user_id=user_id,
            lane=PRO if tier == "pro" else FREE,
            priority=schedule.priority(Candidate(tier == "pro", in_a_row, success), now),
            due_at=due_at,
            alone=failures.must_go_alone(unfinished),
        )
        for user_id, tier, in_a_row, success, due_at, unfinished in rows.tuples()
    ]
    # Among equals whoever has waited longest, so that a short day leaves nobody out for good.
    return sorted(found, key=lambda one: (-one.priority, one.due_at, one.user_id))


def due_rows(before: datetime) -> ModelSelect:
    """The query of `due`; its columns are those of a `Due`."""
    return _due(before, clock_now())


def _due(before: Any, by: Any) -> ModelSelect:
    return (
        Connection.select(
            Connection.user,
            User.tier,
            Connection.consecutive_failures,
            Connection.last_success_at,
            Connection.next_poll_at,
            Connection.unfinished_claims,
        )
        .join(User)
        .switch(Connection)
        .join(SpotifyApp)
        .where(
            (Connection.next_poll_at < before)
            & Connection.status.in_(claims.POLLED)
            & (Connection.lease_until <= by)
            & (Connection.circuit_open_until <= before)
            & ~claims.blocked(by)
        )
    )


_DUE = Prepared(Connection, lambda by: _due(given("before"), by))
_DUE_AMONG = Prepared(
    Connection,
    lambda by: _due(given("before"), by).where(Connection.user.in_(given_list("among"))),
)


def cut(people: Sequence[Due], size: int) -> list[Batch]:
    """Batches of at most `size`, pro before free; suspects of killing workers one by one, last.

    Where that spares a batch, the most urgent free members fill the last one of the pro.
    """
    pro, free = ([p for p in people if p.lane == lane and not p.alone] for lane in (PRO, FREE))
    room, rest = -len(pro) % size, len(free) % size
    if 0 < rest <= room:
        pro, free = pro + free[:room], free[room:]
    batches = [
        Batch(lane, tuple(one.user_id for one in group))
        for lane, of_lane in ((PRO, pro), (FREE, free))
        for group in _groups(of_lane, size)
    ]
    return batches + [Batch(one.lane, (one.user_id,)) for one in people if one.alone]


def _groups(people: Sequence[Due], size: int) -> list[Sequence[Due]]:
    return [people[start : start + size] for start in range(0, len(people), size)]


def _slot_to_plan(services: Services, now: datetime) -> Slot:
    """The current window, or the next one when that is about to begin.

    The scheduler's clock may be a little ahead of this one; the window would seem planned, and
    people would wait for the end of the next one.
    """
    slot = current_slot(services, now)
    early = min(EARLY, (slot.end - slot.start) / 4)
    return slot if slot.end - now > early else current_slot(services, slot.end)


def current_slot(services: Services, now: datetime) -> Slot:
    """The window that `now` lies in."""
    length = schedule.window(services.settings.poll_min_minutes)
    start = schedule.slot_of(now, length)
    return Slot(start, start + length)


def slot_name(slot: datetime) -> str:
    return slot.strftime(SLOT_FORMAT)


def slot_from(name: str) -> datetime:
    """The inverse of `slot_name`; raises ValueError."""
    return datetime.strptime(name, SLOT_FORMAT).replace(tzinfo=clock.EPOCH.tzinfo)


def enqueue(services: Services, batch: Batch, slot: datetime) -> None:
    """Have a batch polled as soon as a worker is free."""
    args, job_id = _args(slot, batch), _job_id(slot, batch)
    services.queues.enqueue(batch.lane, TASK, *args, job_id=job_id)


def _args(slot: datetime, batch: Batch) -> tuple[str, list[int]]:
    return slot_name(slot), list(batch.user_ids)


def _job_id(slot: datetime, batch: Batch) -> str:
    # A fresh id each time: a planner that runs again must not change a batch that is running.
    return f"batch-{slot_name(slot)}-{batch.lane}-{secrets.token_hex(4)}"


def _planned(services: Services, slot: datetime) -> bool:
    found = clock.stored(services.redis.get(f"planned:{slot_name(slot)}"))
    # A mark from the future is none: the clock has been set back since.
    return found is not None and found <= clock.now() + schedule.CLOCKS_DIFFER


def _mark_planned(services: Services, slot: datetime) -> None:
    try:
        now = clock.to_ms(clock.now())
        services.redis.set(f"planned:{slot_name(slot)}", now, ex=MARK_SECONDS)
    except RedisError as error:
        log.trouble("slot_not_marked", error, slot=slot_name(slot))
