"""Writes what polls brought: together where it can be, one by one where it must be."""

from __future__ import annotations

from collections import Counter as Sums
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from peewee import OperationalError, PeeweeException

from audiospective import clock, log
from audiospective.clients.queues import INTERRUPTS
from audiospective.history import append
from audiospective.models import claims, transaction
from audiospective.models.claims import Claim
from audiospective.models.counters import Counter
from audiospective.policy.failures import CHARGED_TO_APP, Failure
from audiospective.policy.plays import PolledPlay
from audiospective.polling import call_quota, record
from audiospective.polling.fetch import Attempt
from audiospective.services import Services

STEPS_MS = (100, 250, 500, 1000, 2500, 5000, 10_000)  # upper ends of the classes of durations


@dataclass
class Report:
    """What became of a batch: people by outcome, and what it cost.

    Outcomes: `archived`, `failed:<type>`, `blocked` (their app may not call), `released` (no time
    was left), `stale` (another worker took over), `lost` (nothing could be written).
    """

    outcomes: Sums[str] = field(default_factory=Sums)
    new_plays: int = 0
    calls: int = 0
    hits: int = 0  # people whose slot was done already: no call was made
    unpolled: list[int] = field(default_factory=list)  # given back, still due


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
        if attempt.failure in call_quota.LIMITED:
            self.sums[f"{call_quota.LIMITS}{attempt.failure}"] += 1
            self.sums[f"{call_quota.LIMITED_BY}{claim.app_id}:{attempt.failure}"] += 1

    def keep(self, hits: int) -> None:
        """Write the sums; plays are worth more, so a database error costs nothing else."""
        try:
            Counter.add({**self.sums, "hits": hits}, clock.now())
        except PeeweeException as error:
            log.trouble("counters_lost", error)


class Writer:
    """Settles the claims of one batch; call it from one thread."""

    def __init__(self, services: Services, report: Report) -> None:
        self.services = services
        self.report = report
        self._open: dict[int, Claim] = {}  # claimed, not settled
        self._done: list[int] = []
        self._counters = PollCounters()

    def expect(self, claimed: Iterable[Claim]) -> None:
        """These claims are to be settled."""
        self._open = {claim.user_id: claim for claim in claimed}

    def finish(self) -> list[int]:
        """Free whoever was not polled, keep the counters; returns whose poll of the slot is done.

        Who is given back is still due and costs nothing.
        """
        for user_id, claim in sorted(self._open.items()):
            if self._release(claim, "released"):
                self.report.unpolled.append(user_id)
        self._open.clear()
        self._counters.keep(self.report.hits)
        return self._done

    def write(self, attempts: Sequence[Attempt]) -> None:
        """Write what came back: pages as a group, one by one if the group cannot be written."""
        pages = sorted(
            (attempt for attempt in attempts if attempt.page is not None),
            key=lambda attempt: attempt.claim.user_id,
        )
        for attempt in attempts:
            if attempt.blocked:
                self._release(self._open.pop(attempt.claim.user_id), "blocked")
            elif attempt.page is None:
                self.fail(attempt)
        try:
            if pages:
                self._write_pages(pages)
        except INTERRUPTS:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, it is tried one by one
            log.trouble("group_not_written", error, people=len(pages))
            for attempt in pages:
                self._write_alone(attempt)

    def fail(self, attempt: Attempt) -> None:
        """Write a failure to whom it belongs."""
        assert attempt.failure is not None
        try:
            with transaction():
                written = record.failure(self.services, attempt)
        except INTERRUPTS:
            raise
        except Exception as error:  # noqa: BLE001 - the lease runs out and somebody tries again
            log.trouble("failure_not_written", error, user=attempt.claim.user_id)
            self._open.pop(attempt.claim.user_id)
            self.report.outcomes["lost"] += 1
        else:
            self._counters.poll(attempt, attempt.failure.value if written else "stale")
            self._failed(attempt.claim, attempt.failure, written)

    def quarantine(self, attempt: Attempt) -> None:
        """Pause somebody with whom workers keep dying."""
        with transaction():
            written = record.quarantine(self.services, attempt)
        self._failed(attempt.claim, Failure.UNKNOWN, written)

    def keep_rotation(self, attempt: Attempt) -> Attempt | None:
        """Keep a rotated token; None if the poll ends with it."""
        try:
            kept = record.rotation(self.services, attempt)
        except INTERRUPTS:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, it is this person's alone
            log.trouble("token_not_kept", error, user=attempt.claim.user_id)
            self.fail(_failed(attempt, error))
            return None
        if kept is None:
            self._open.pop(attempt.claim.user_id)
            self.report.outcomes["stale"] += 1
        return kept

    def _write_alone(self, attempt: Attempt, *, again: bool = True) -> None:
        try:
            self._write_pages([attempt])
        except INTERRUPTS:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, it is this person's alone
            if again and isinstance(error, OperationalError):
                # Of two transactions that wait for each other PostgreSQL ends one.
                self._write_alone(attempt, again=False)
                return
            log.trouble("poll_not_written", error, user=attempt.claim.user_id)
            self.fail(_failed(attempt, error))

    def _write_pages(self, attempts: Sequence[Attempt]) -> None:
        tracks = append.remember([play for attempt in attempts for play in _plays(attempt)])
        pages = {one.claim.user_id: one.page for one in attempts if one.page is not None}
        with transaction():
            tracks = append.told(pages, tracks)
            added = [
                (attempt, record.success(self.services, attempt, tracks)) for attempt in attempts
            ]
        for attempt, count in added:  # only now, after the commit, is it true
            self._open.pop(attempt.claim.user_id)
            if count is None:
                self.report.outcomes["stale"] += 1
                self._counters.poll(attempt, "stale")
            else:
                self._counters.poll(attempt, record.outcome(attempt), count)
                self.report.outcomes["archived"] += 1
                self.report.new_plays += count
                self._done.append(attempt.claim.user_id)

    def _failed(self, claim: Claim, failure: Failure, written: bool) -> None:
        self._open.pop(claim.user_id)
        self.report.outcomes[f"failed:{failure}" if written else "stale"] += 1
        if written and failure not in CHARGED_TO_APP:
            self._done.append(claim.user_id)

    def _release(self, claim: Claim, outcome: str) -> bool:
        released = claims.release(claim)
        self.report.outcomes[outcome if released else "stale"] += 1
        return released


def _plays(attempt: Attempt) -> Iterable[PolledPlay]:
    return attempt.page.plays if attempt.page else ()


def _failed(attempt: Attempt, error: Exception) -> Attempt:
    return replace(attempt, page=None, failure=Failure.UNKNOWN, detail=type(error).__name__)
