"""Finds people whose worker is gone, and has them polled again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from audiospective import clock, log
from audiospective.models import claims
from audiospective.polling import plan
from audiospective.polling.plan import Batch, Due
from audiospective.services import Services

AT_ONCE = 1000  # people a query
REMEMBERED = 3600  # seconds for which it is known that a claim was recovered


def recover(services: Services) -> list[Batch]:
    """Enqueue again, at once, whoever was in the hands of a worker that is gone.

    Each lost claim once: without any worker the queue must not fill with the same people. The plan
    of the next window enqueues them anyway.
    """
    lost = claims.abandoned()
    if not lost:
        return []
    now = clock.now()
    slot = plan.current_slot(services, now)
    people = list(lost)
    parts = [people[start : start + AT_ONCE] for start in range(0, len(people), AT_ONCE)]
    found = [one for part in parts for one in plan.due(slot.end, now, part)]
    # The others wait for something else: their app is blocked, their circuit open.
    new = _not_recovered_before(services, found, lost)
    batches = plan.cut(new, services.settings.batch_size)
    for batch in batches:
        plan.enqueue(services, batch, slot.start)
    if new:
        log.event("recovered", log.WARNING, people=len(new), batches=len(batches))
    return batches


def _not_recovered_before(
    services: Services, found: Sequence[Due], fences: Mapping[int, int]
) -> list[Due]:
    if not found:
        return []
    pipe = services.redis.pipeline(transaction=False)
    for one in found:
        key = f"recovered:{one.user_id}:{fences[one.user_id]}"
        pipe.set(key, 1, nx=True, ex=REMEMBERED)
    return [one for one, first in zip(found, pipe.execute(), strict=True) if first]
