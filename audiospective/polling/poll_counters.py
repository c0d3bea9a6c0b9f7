"""Counters of polling: one line in the log for each poll, sums by time in the database."""

from __future__ import annotations

from collections import Counter as Sums

from peewee import PeeweeException

from audiospective import clock, log
from audiospective.models.counters import Counter
from audiospective.policy.failures import Failure
from audiospective.polling import call_quota
from audiospective.polling.fetch import Attempt

STEPS_MS = (100, 250, 500, 1000, 2500, 5000, 10_000)  # upper ends of the duration's classes
LIMITED_BY = "limited:"  # names of counters, followed by the app and what limited it
LIMITS = "limits:"  # likewise, for all apps together
LIMITED = (Failure.RATE_LIMIT, Failure.QUOTA)


class PollCounters:
    """What a batch adds to the counters. Names: `polls:<outcome>`, `poll_ms` (their sum),
    `poll_ms_le:<ms>` or `poll_ms_le:inf` (polls by duration), `plays`, `retries`, `hits`,
    `calls` and `calls:<app>` (HTTP requests), `limits:<rate_limit or quota>` and
    `limited:<app>:<the same>`.
    """

    def __init__(self) -> None:
        self.sums: Sums[str] = Sums()

    def poll(self, attempt: Attempt, outcome: str, added: int = 0) -> None:
        """Count and log one poll that is settled; ids and numbers only."""
        claim, page = attempt.claim, attempt.page
        requests = max(attempt.sends, attempt.calls)
        log.event(
            "poll",
            user=claim.user_id,
            app=claim.app_id,
            outcome=outcome,
            offered=page.offered if page else 0,
            added=added,
            requests=requests,
            retries=requests - attempt.calls,
            ms=attempt.took_ms,
            fence=claim.connection.fence,
        )
        step = next((str(top) for top in STEPS_MS if attempt.took_ms <= top), "inf")
        self.sums[f"polls:{outcome}"] += 1
        self.sums["poll_ms"] += attempt.took_ms
        self.sums[f"poll_ms_le:{step}"] += 1
        self.sums["plays"] += added
        self.sums["retries"] += requests - attempt.calls
        self.sums["calls"] += requests
        self.sums[f"{call_quota.CALLS}{claim.app_id}"] += requests
        if attempt.failure in LIMITED:
            self.sums[f"{LIMITS}{attempt.failure}"] += 1
            self.sums[f"{LIMITED_BY}{claim.app_id}:{attempt.failure}"] += 1

    def keep(self, hits: int) -> None:
        """Write the sums; plays are worth more, so a database error costs nothing else."""
        try:
            Counter.add({**self.sums, "hits": hits}, clock.now())
        except PeeweeException as error:
            log.trouble("counters_lost", error)
