"""Polls a batch of people: fetching in threads, writing in one, nobody in another's way."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from peewee import OperationalError

from audiospective.clients.deadline import GRACE, Deadline
from audiospective.clients.queues import INTERRUPTS
from audiospective.clients.spotify import THREADS
from audiospective.history import append
from audiospective.models import claims, transaction
from audiospective.models.claims import Claim
from audiospective.policy import circuit
from audiospective.policy.failures import CHARGED_TO_APP, Failure
from audiospective.policy.plays import PolledPlay
from audiospective.polling import app_credentials, poll_dedupe, record
from audiospective.polling.fetch import Attempt, fetch
from audiospective.polling.poll_counters import Figures
from audiospective.services import Services

SECONDS = 20.0  # for a batch's HTTP; a dyno that must go is killed 30 s after it is told
GROUP = 10  # people whose answers are written in one transaction
LINGER = 0.02  # seconds an answer waits for company before it is written
LOOK = 0.5  # seconds between two looks whether the batch must end
ANY_TIME = datetime(9999, 1, 1, tzinfo=UTC)
LATE = "the answer did not come before the batch ended"

log = logging.getLogger(__name__)


@dataclass
class Report:
    """What became of a batch: people by outcome, and the figures that say what it cost.

    Outcomes: `archived`, `failed:<type>`, `blocked` (their app may not call), `released` (no time
    was left), `stale` (another worker took over), `lost` (nothing could be written).
    """

    outcomes: Counter[str] = field(default_factory=Counter)
    new_plays: int = 0
    calls: int = 0
    hits: int = 0  # people whose slot was done already: no call was made
    unpolled: list[int] = field(default_factory=list)  # given back, still due


def archive(
    services: Services,
    user_ids: Sequence[int],
    slot: datetime,
    before: datetime,
    *,
    deadline: Deadline | None = None,
) -> Report:
    """Poll those of `user_ids` who are due before `before`, once each per slot.

    People whose slot is marked as done cost no call. Whoever cannot be polled in time is given
    back. Raises only what concerns the whole batch: the database cannot be reached.
    """
    report = Report()
    left = poll_dedupe.without_done(services, user_ids, slot)
    report.hits = len(user_ids) - len(left)
    alone = circuit.ALONE_AFTER if len(user_ids) > 1 else None
    claimed = claims.claim(left, before, suspects_below=alone)
    _Run(services, deadline or Deadline(SECONDS), report, slot).run(claimed)
    return report


def now(services: Services, user_id: int, *, deadline: Deadline | None = None) -> Report:
    """Poll one person at once, whatever the cadence says; circuits and blocks still hold."""
    report = Report()
    claimed = claims.claim([user_id], ANY_TIME)
    _Run(services, deadline or Deadline(SECONDS), report, None).run(claimed)
    return report


class _Run:
    """One pass over claimed people; this thread alone touches the database."""

    def __init__(
        self, services: Services, deadline: Deadline, report: Report, slot: datetime | None
    ) -> None:
        self.services = services
        self.deadline = deadline
        self.report = report
        self.slot = slot
        self.open: dict[int, Claim] = {}  # claimed, not settled
        self.done: list[int] = []
        self.figures = Figures()

    def run(self, claimed: Sequence[Claim]) -> None:
        self.open = {claim.user_id: claim for claim in claimed}
        pool = ThreadPoolExecutor(THREADS, thread_name_prefix="fetch")
        try:
            self._drain(pool, self._start(pool, claimed))
        finally:
            # Threads end with their own time-outs; waiting for a hung one would cost the batch.
            self.deadline.stop()
            pool.shutdown(wait=False, cancel_futures=True)
            self._give_back()
            if self.slot is not None:
                poll_dedupe.mark_done(self.services, self.done, self.slot)
            self.figures.keep(self.services, self.report.hits)

    def _start(
        self, pool: ThreadPoolExecutor, claimed: Sequence[Claim]
    ) -> dict[Future[Attempt], Attempt]:
        known = app_credentials.credentials(self.services, {claim.app_id for claim in claimed})
        running: dict[Future[Attempt], Attempt] = {}
        for claim in claimed:
            if circuit.is_poison(claim.unfinished_before):
                self._poison(Attempt(claim, app_credentials.NOBODY, failure=Failure.UNKNOWN))
            elif (credentials := known.get(claim.app_id)) is None:
                # The app's secret cannot be opened: the app's trouble, not this person's.
                self._fail(Attempt(claim, app_credentials.NOBODY, failure=Failure.APP))
            else:
                attempt = Attempt(claim, credentials)
                running[pool.submit(fetch, self.services, attempt, self.deadline)] = attempt
        return running

    def _poison(self, attempt: Attempt) -> None:
        with transaction():
            written = record.poison(self.services, attempt)
        self._settle(attempt.claim, Failure.UNKNOWN, written)

    def _drain(self, pool: ThreadPoolExecutor, running: dict[Future[Attempt], Attempt]) -> None:
        """Write answers as they come, together where several come at once."""
        ready: list[Attempt] = []
        while running and self.deadline.remaining() > 0:
            finished = self._finished(running, LINGER if ready else LOOK)
            ready += self._sort(pool, running, finished)
            if len(ready) >= GROUP or not finished:
                self._store(ready)
                ready = []
        self._store(ready)
        self._wind_down(running)

    def _wind_down(self, running: dict[Future[Attempt], Attempt]) -> None:
        """No time is left: what is under way may still land, what has not begun is given back."""
        begun = {future: running[future] for future in running if not future.cancel()}
        wait(begun, timeout=GRACE)
        landed = [future.result() for future in begun if future.done()]
        self.report.calls += sum(attempt.calls for attempt in landed if attempt.finished)
        for attempt in landed:
            if attempt.rotated:  # only this worker knows the living token
                self._rotated(attempt)
        told_to_go = self.deadline.stopped  # then a call that was cut short proves nothing
        finished = [a for a in landed if a.page is not None or (a.finished and not told_to_go)]
        self._store(finished)
        for future, attempt in begun.items():
            if not future.done() and not told_to_go:
                self._fail(_late(attempt))  # this person's answer is what is late

    def _finished(
        self, running: dict[Future[Attempt], Attempt], seconds: float
    ) -> set[Future[Attempt]]:
        # Short looks, because a signal that brings the deadline forward does not end a wait.
        timeout = min(seconds, self.deadline.remaining())
        return wait(running, timeout=timeout, return_when=FIRST_COMPLETED).done

    def _sort(
        self,
        pool: ThreadPoolExecutor,
        running: dict[Future[Attempt], Attempt],
        finished: Iterable[Future[Attempt]],
    ) -> list[Attempt]:
        ready = []
        for future in finished:
            del running[future]
            attempt = future.result()
            if attempt.rotated:
                self._keep_rotation(pool, running, attempt)
            else:
                self.report.calls += attempt.calls
                ready.append(attempt)
        return ready

    def _keep_rotation(
        self,
        pool: ThreadPoolExecutor,
        running: dict[Future[Attempt], Attempt],
        attempt: Attempt,
    ) -> None:
        if kept := self._rotated(attempt):
            running[pool.submit(fetch, self.services, kept, self.deadline)] = kept

    def _rotated(self, attempt: Attempt) -> Attempt | None:
        """Keep a rotated token; None if the poll ends with it."""
        try:
            kept = record.rotation(self.services, attempt)
        except INTERRUPTS:
            raise
        except Exception as error:
            log.exception("the new token of user %d cannot be kept", attempt.claim.user_id)
            self._fail(_failed(attempt, type(error).__name__))
            return None
        if kept is None:
            self.open.pop(attempt.claim.user_id)
            self.report.outcomes["stale"] += 1
        return kept

    def _store(self, attempts: Sequence[Attempt]) -> None:
        """Write what came back: pages as a group, one by one if the group cannot be written."""
        pages = sorted(
            (attempt for attempt in attempts if attempt.page is not None),
            key=lambda attempt: attempt.claim.user_id,
        )
        for attempt in attempts:
            if attempt.blocked:
                self._release(self.open.pop(attempt.claim.user_id), "blocked")
            elif attempt.page is None:
                self._fail(attempt)
        try:
            if pages:
                self._store_pages(pages)
        except INTERRUPTS:
            raise
        except Exception:
            log.warning("a group of %d polls is written one by one", len(pages), exc_info=True)
            for attempt in pages:
                self._store_alone(attempt)

    def _store_alone(self, attempt: Attempt, *, again: bool = True) -> None:
        try:
            self._store_pages([attempt])
        except INTERRUPTS:
            raise
        except Exception as error:
            if again and isinstance(error, OperationalError):
                # Of two transactions that wait for each other PostgreSQL ends one.
                self._store_alone(attempt, again=False)
                return
            log.exception("the poll of user %d cannot be written", attempt.claim.user_id)
            self._fail(_failed(attempt, type(error).__name__))

    def _store_pages(self, attempts: Sequence[Attempt]) -> None:
        tracks = append.remember([play for attempt in attempts for play in _plays(attempt)])
        with transaction():
            added = [
                (attempt, record.success(self.services, attempt, tracks)) for attempt in attempts
            ]
        for attempt, count in added:  # only now, after the commit, is it true
            self.open.pop(attempt.claim.user_id)
            if count is None:
                self.report.outcomes["stale"] += 1
                self.figures.poll(attempt, "stale")
            else:
                self.figures.poll(attempt, record.outcome(attempt), count)
                self.report.outcomes["archived"] += 1
                self.report.new_plays += count
                self.done.append(attempt.claim.user_id)

    def _fail(self, attempt: Attempt) -> None:
        assert attempt.failure is not None
        try:
            with transaction():
                written = record.failure(self.services, attempt)
        except INTERRUPTS:
            raise
        except Exception:
            # Not even the failure could be written; the lease runs out and somebody tries again.
            log.exception("the failure of user %d cannot be written", attempt.claim.user_id)
            self.open.pop(attempt.claim.user_id)
            self.report.outcomes["lost"] += 1
        else:
            self.figures.poll(attempt, attempt.failure.value if written else "stale")
            self._settle(attempt.claim, attempt.failure, written)

    def _settle(self, claim: Claim, failure: Failure, written: bool) -> None:
        self.open.pop(claim.user_id)
        self.report.outcomes[f"failed:{failure}" if written else "stale"] += 1
        if written and failure not in CHARGED_TO_APP:
            self.done.append(claim.user_id)

    def _give_back(self) -> None:
        """Free whoever was claimed and not polled; they are still due and cost nothing."""
        for user_id, claim in sorted(self.open.items()):
            if self._release(claim, "released"):
                self.report.unpolled.append(user_id)
        self.open.clear()

    def _release(self, claim: Claim, outcome: str) -> bool:
        released = claims.release(claim)
        self.report.outcomes[outcome if released else "stale"] += 1
        return released


def _plays(attempt: Attempt) -> Iterable[PolledPlay]:
    return attempt.page.plays if attempt.page else ()


def _failed(attempt: Attempt, detail: str) -> Attempt:
    return replace(attempt, page=None, failure=Failure.UNKNOWN, detail=detail)


def _late(attempt: Attempt) -> Attempt:
    return Attempt(attempt.claim, attempt.credentials, failure=Failure.NETWORK, detail=LATE)
