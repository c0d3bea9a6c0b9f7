"""The circuit of one person: how long polling pauses after failures, and when it tries again."""

from __future__ import annotations

from datetime import datetime, timedelta

from audiospective.policy.failures import TRAITS, Failure

LARGEST_FACTOR = 8
QUARANTINE_AFTER = 3  # claims in a row whose worker never reported back
ALONE_AFTER = 2  # from here on a suspect is polled in a batch of its own


def cooldown(failure: Failure, failures_in_a_row: int) -> timedelta:
    """The pause after the n-th failure in a row (n >= 1): base x 2^(n-1), factor and sum capped."""
    traits = TRAITS[failure]
    factor: int = min(1 << min(failures_in_a_row - 1, 10), LARGEST_FACTOR)
    return min(traits.pause * factor, traits.longest)


def reopens_at(failure: Failure, failures_in_a_row: int, now: datetime) -> datetime:
    """When the next try is due. The circuit is half-open from then: one poll decides."""
    return now + cooldown(failure, failures_in_a_row)


def must_go_alone(unfinished_claims: int) -> bool:
    """Whether workers died often enough with this person in hand to suspect their data."""
    return unfinished_claims >= ALONE_AFTER


def must_pause(unfinished_claims: int) -> bool:
    """Whether a worker also died with this person alone in hand: no more tries for now."""
    return unfinished_claims >= QUARANTINE_AFTER
