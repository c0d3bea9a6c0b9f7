"""A database that went back a day while Redis did not: plays since are fetched, or told as lost."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from audiospective import clock
from audiospective.models import Connection, Play
from audiospective.models.coverage import Coverage
from audiospective.models.gaps import Gap
from audiospective.models.poll_log import PollLog
from audiospective.polling import batch, plan

TABLES: tuple[Any, ...] = (Connection, Coverage, Gap, Play, PollLog)


def polled(alice) -> int:
    """Polled as in a planned batch, once a slot; how many new plays."""
    slot = plan.current_slot(alice.services, alice.frozen.now)
    far = alice.frozen.now + timedelta(days=1)
    return batch.archive(alice.services, [alice.row.user_id], slot.start, far).new_plays


def test_a_database_of_yesterday_beside_a_redis_of_today_hides_no_play(alice):
    alice.plays(20)
    assert polled(alice) == 20
    yesterday = {table: list(table.select().dicts()) for table in TABLES}
    for _ in range(8):
        alice.passes(hours=3)
        alice.plays(40)
        assert polled(alice) == 40
    everything = alice.archived()
    for table in TABLES:
        table.delete().execute()
    for table, rows in yesterday.items():
        for row in rows:
            table.insert(row).execute()
    assert polled(alice) == 0  # Redis says that this slot is done
    alice.passes(minutes=10)
    assert polled(alice) == 50
    (gap,) = alice.gaps()
    gone = sorted(set(everything) - set(alice.archived()))
    assert len(gone) == 8 * 40 - 50
    start, end = clock.to_ms(gap.probably_from), clock.to_ms(gap.ended_at)
    assert all(start < at < end for at in gone)
    (before, since) = Coverage.select().order_by(Coverage.started_at)
    assert (before.ended_at, since.started_at) == (gap.probably_from, gap.ended_at)
