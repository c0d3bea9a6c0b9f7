"""Every process hears of a limit, and the longest one counts."""

from __future__ import annotations

from datetime import timedelta

from audiospective import clock
from audiospective.clients.blocked_apps import ASKED, BlockedApps


def test_a_limit_is_known_to_other_processes(services, frozen):
    until = frozen.now + timedelta(minutes=5)
    BlockedApps(services.redis).block(1, until)
    other = BlockedApps(services.redis)
    assert other.blocked_until(1) == clock.from_ms(clock.to_ms(until))
    assert other.blocked_until(2) is None
    frozen.forward(minutes=6)
    assert other.blocked_until(1) is None


def test_a_short_limit_that_another_process_met_does_not_end_a_long_one(services, frozen):
    day = frozen.now + timedelta(hours=24)
    BlockedApps(services.redis).block(1, day)
    BlockedApps(services.redis).block(1, frozen.now + timedelta(seconds=30))
    assert BlockedApps(services.redis).blocked_until(1) == clock.from_ms(clock.to_ms(day))


def test_a_process_that_knows_of_a_short_limit_does_not_end_the_long_one_of_another(
    services, frozen
):
    one, other = BlockedApps(services.redis), BlockedApps(services.redis)
    one.block(1, frozen.now + timedelta(seconds=30))
    day = clock.from_ms(clock.to_ms(frozen.now + timedelta(hours=24)))
    other.block(1, day)
    one.block(1, frozen.now + timedelta(seconds=40))
    assert one.blocked_until(1) == other.blocked_until(1) == day
    assert BlockedApps(services.redis).blocked_until(1) == day


def test_a_block_of_another_process_is_noticed_within_a_moment_and_an_own_one_at_once(
    services, frozen
):
    one, other = BlockedApps(services.redis), BlockedApps(services.redis)
    assert one.blocked_until(1) is other.blocked_until(1) is None
    until = clock.from_ms(clock.to_ms(frozen.now + timedelta(minutes=5)))
    one.block(1, until)
    assert one.blocked_until(1) == until
    frozen.forward(seconds=ASKED.total_seconds())
    assert other.blocked_until(1) == other.blocked_until(1) == until
    frozen.forward(minutes=-3)  # the clock is set back
    BlockedApps(services.redis).lift(1)
    assert other.blocked_until(1) is None
