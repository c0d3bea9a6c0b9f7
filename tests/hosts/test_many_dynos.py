"""Many dynos at once: each slot is polled once, spread over its window, whatever is deployed."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest

from audiospective import clock
from audiospective.models import Connection
from audiospective.models.base import LONG_AGO
from audiospective.policy import schedule
from tests.hosts.many_dynos import MINUTE, rehearsal
from tests.support import losses
from tests.support.processes import until

MEMBERS, BATCH = 120, 4
LEFT = timedelta(seconds=25)  # of a window at least, for all that is due in it


@pytest.mark.races
def test_four_workers_and_two_schedulers_poll_each_slot_once_and_spread_through_a_deploy(
    postgres_database_url: str, redis_url: str, tmp_path: Path
) -> None:
    with rehearsal(
        postgres_database_url, redis_url, tmp_path, interval=6, batch=BATCH, worker=4, scheduler=2
    ) as run:
        run.invite(MEMBERS)
        assert run.polls() == []
        # All of them fall due in one window: this one, if enough of it is left.
        slot = schedule.slot_of(clock.now() + LEFT, MINUTE)
        Connection.update(next_poll_at=slot).execute()
        run.stack.services.queues.enqueue("upkeep", "plan_polls")
        until(lambda: len(run.polls()) > MEMBERS // 4, "a quarter is polled", 150)
        assert run.deploy() == 0
        until(lambda: len(run.polls()) >= MEMBERS, "everybody is polled", 150)
        times = [at for _, at in run.polls()]
        losses.none_of(run.stack.plays() != MEMBERS * 5 and f"{run.stack.plays()} plays")
        assert set(Counter(user_id for user_id, _ in run.polls()).values()) == {1}
        assert sum(run.stack.calls(run.people).values()) == MEMBERS
        assert not Connection.select().where(Connection.lease_until > LONG_AGO).exists()
        # Not all at once: the window is used.
        assert times[-1] - times[0] > timedelta(seconds=10)
