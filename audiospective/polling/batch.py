"""Polls a batch of people: fetching in threads, writing in one, nobody in another's way."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import replace
from datetime import UTC, datetime

from redis.exceptions import RedisError

from audiospective import clock, log
from audiospective.clients.deadline import GRACE, Deadline
from audiospective.clients.spotify import THREADS, Credentials
from audiospective.models import claims
from audiospective.models.apps import BY_IDS, SECRET_PLACE
from audiospective.models.claims import Claim
from audiospective.policy import failures, schedule
from audiospective.policy.failures import Failure
from audiospective.polling.fetch import Attempt, fetch
from audiospective.polling.write import Report, Writer
from audiospective.services import Services
from audiospective.vault import VaultError

SECONDS = 20.0  # for a batch's HTTP; a dyno that must go is killed 30 s after it is told
GROUP = 10  # people whose answers are written in one transaction
LINGER = 0.02  # seconds an answer waits for company before it is written
LOOK = 0.5  # seconds between two looks whether the batch must end
ANY_TIME = datetime(9999, 1, 1, tzinfo=UTC)
MARK_SECONDS = 24 * 3600
NO_CREDENTIALS = Credentials("", "")
LATE = "the answer did not come before the batch ended"

Running = dict[Future[Attempt], Attempt]


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
    left = without_done(services, user_ids, slot)
    alone = failures.ALONE_AFTER if len(user_ids) > 1 else None
    claimed = claims.claim(left, before, suspects_below=alone)
    report = Report(hits=len(user_ids) - len(left))
    _Run(services, deadline or Deadline(SECONDS), report, slot).run(claimed)
    return report


def now(
    services: Services,
    user_id: int,
    *,
    deadline: Deadline | None = None,
    before: datetime = ANY_TIME,
) -> Report:
    """Poll one person at once if they are due before `before`, by default whatever the cadence
    says; circuits and blocks still hold."""
    report = Report()
    claimed = claims.claim([user_id], before)
    _Run(services, deadline or Deadline(SECONDS), report, None).run(claimed)
    return report


class _Run:
    """One pass over claimed people; only the thread that runs it touches the database."""

    def __init__(
        self, services: Services, deadline: Deadline, report: Report, slot: datetime | None
    ) -> None:
        self.services = services
        self.deadline = deadline
        self.slot = slot
        self.writer = Writer(services, report)

    def run(self, claimed: Sequence[Claim]) -> None:
        self.writer.expect(claimed)
        pool = ThreadPoolExecutor(THREADS, thread_name_prefix="fetch")
        try:
            self._drain(pool, self._start(pool, claimed))
        finally:
            # Threads end with their own time-outs; waiting for a hung one would cost the batch.
            self.deadline.stop()
            pool.shutdown(wait=False, cancel_futures=True)
            done = self.writer.finish()
            if self.slot is not None:
                mark_done(self.services, done, self.slot)

    def _start(self, pool: ThreadPoolExecutor, claimed: Sequence[Claim]) -> Running:
        known = credentials(self.services, {claim.app_id for claim in claimed})
        running: Running = {}
        for claim in claimed:
            if failures.must_pause(claim.unfinished_before):
                self.writer.quarantine(Attempt(claim, NO_CREDENTIALS, failure=Failure.UNKNOWN))
            elif (found := known.get(claim.app_id)) is None:
                # A key of ours is missing, so nobody says that Spotify refuses the app.
                self.writer.fail(Attempt(claim, NO_CREDENTIALS, failure=Failure.LOCKED))
            else:
                attempt = Attempt(claim, found)
                running[pool.submit(fetch, self.services, attempt, self.deadline)] = attempt
        return running

    def _drain(self, pool: ThreadPoolExecutor, running: Running) -> None:
        """Write answers as they come, together where several come at once."""
        ready: list[Attempt] = []
        while running and self.deadline.remaining() > 0:
            finished = self._finished(running, LINGER if ready else LOOK)
            ready += self._sort(pool, running, finished)
            if len(ready) >= GROUP or not finished:
                self.writer.write(ready)
                ready = []
        self.writer.write(ready)
        self._wind_down(running)

    def _wind_down(self, running: Running) -> None:
        """No time is left: what is under way may still land, what has not begun is given back."""
        begun = {future: running[future] for future in running if not future.cancel()}
        wait(begun, timeout=GRACE)
        landed = [future.result() for future in begun if future.done()]
        for attempt in landed:
            if attempt.finished:
                self.writer.report.calls += attempt.calls
            if attempt.rotated:  # only this worker knows the living token
                self.writer.keep_rotation(attempt)
        told_to_go = self.deadline.stopped  # then a call that was cut short proves nothing
        finished = [a for a in landed if a.page is not None or (a.finished and not told_to_go)]
        self.writer.write(finished)
        for future, attempt in begun.items():
            if not future.done() and not told_to_go:  # this person's answer is what is late
                late = replace(attempt, failure=Failure.NETWORK, detail=LATE)
                self.writer.fail(late)

    def _finished(self, running: Running, seconds: float) -> set[Future[Attempt]]:
        # Short looks, because a signal that brings the deadline forward does not end a wait.
        timeout = min(seconds, self.deadline.remaining())
        return wait(running, timeout=timeout, return_when=FIRST_COMPLETED).done

    def _sort(
        self,
        pool: ThreadPoolExecutor,
        running: Running,
        finished: Iterable[Future[Attempt]],
    ) -> list[Attempt]:
        ready = []
        for future in finished:
            del running[future]
            attempt = future.result()
            if not attempt.rotated:
                self.writer.report.calls += attempt.calls
                ready.append(attempt)
            elif kept := self.writer.keep_rotation(attempt):
                running[pool.submit(fetch, self.services, kept, self.deadline)] = kept
        return ready


def credentials(services: Services, app_ids: Collection[int]) -> dict[int, Credentials]:
    """Credentials by app id; an app whose secret cannot be opened is left out and logged."""
    found: dict[int, Credentials] = {}
    for app in BY_IDS.run(app_ids=list(app_ids)):
        try:
            secret = services.vault.decrypt(SECRET_PLACE, app.id, app.secret_encrypted)
        except VaultError as error:
            log.trouble("app_secret_not_opened", error, app=app.id)
        else:
            found[app.id] = Credentials(app.client_id, secret)
    return found


def mark(user_id: int, slot: datetime) -> str:
    """The key in Redis that says this person's poll of this slot is done."""
    return f"archive:{user_id}:{slot:%Y_%m_%d_%H%M}"


def without_done(services: Services, user_ids: Sequence[int], slot: datetime) -> list[int]:
    """Those whose slot is not marked; without Redis everybody, the database decides anyway.

    A mark from the future is none: the clock has been set back, and the slot comes once more.
    """
    try:
        marks = services.redis.mget([mark(user_id, slot) for user_id in user_ids])
    except RedisError:
        return list(user_ids)
    latest = clock.now() + schedule.CLOCKS_DIFFER
    return [
        user_id
        for user_id, told in zip(user_ids, marks, strict=True)
        if (done := clock.stored(told)) is None or done > latest
    ]


def mark_done(services: Services, user_ids: Sequence[int], slot: datetime) -> None:
    """Mark finished polls, after their commit; without Redis nothing is lost but calls."""
    if not user_ids:
        return
    try:
        pipe = services.redis.pipeline(transaction=False)
        for user_id in user_ids:
            pipe.set(mark(user_id, slot), clock.to_ms(clock.now()), ex=MARK_SECONDS)
        pipe.execute()
    except RedisError as error:
        log.trouble("polls_not_marked", error, people=len(user_ids))
