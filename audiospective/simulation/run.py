"""One run: jobs, acts of members and lasting faults in the order of time, judged after every step.

One module although it is long: all three share one clock and one trace.
"""

from __future__ import annotations

import gc
import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache, partial
from heapq import heappop, heappush
from random import Random
from typing import Any
from unittest.mock import patch

from crontab import CronTab
from peewee import PeeweeException
from redis.exceptions import RedisError

from audiospective import clock
from audiospective.clients.queues import ForbiddenTaskError
from audiospective.clients.storage import StorageError
from audiospective.history.closed.away import YearAwayError
from audiospective.history.segment_store import SegmentProofError
from audiospective.jobs import context, periodic, tasks
from audiospective.models import database
from audiospective.polling import batch, lost_claims
from audiospective.polling.plan import TASK as BATCH
from audiospective.simulation import (
    lasting_faults,
    member_acts,
    members,
    mutants,
    newcomers,
    release_before,
    scenes,
)
from audiospective.simulation.instance import START, Instance, running
from audiospective.simulation.memory_queues import Job
from audiospective.simulation.operation_faults import Crash
from audiospective.simulation.oracle import Balance, Oracle, queried
from audiospective.simulation.substitutes import roll_back_if_open
from audiospective.simulation.timeline import DAY, HOUR, MINUTE, SECOND

POLL = "poll_user"
POISON = "simulated: this member's plays cannot be stored"
# What a fault injector raises, and what the product makes of it where it must not go on.
EXPECTED = (
    PeeweeException, RedisError, StorageError, YearAwayError, SegmentProofError, ForbiddenTaskError
)  # fmt: skip
EVERY = 2  # hours between rounds of maintenance: often enough for what is asked here, and faster
IDLE = 29 * MINUTE  # for so long planning is left out where nobody is due
EVERY_HOUR = " * * * *"  # how entries end that are due at the same minutes of each hour
FIRST_DAYS = 4  # of the week a run begins on, in turn: what is done weekly meets a deploy or not
INTERVALS = (60, 120, 180)  # minutes between polls at most; seeds take turns


@dataclass(frozen=True)
class Plan:
    """What a run is made of; everything else follows from it."""

    members: int
    days: int
    seed: int
    faults: str = "heavy"
    mutant: str | None = None
    database_url: str | None = None
    scene: str | None = None  # what its members do, instead of all that members do
    keep_going: bool = False  # after something was wrong, until the end
    closely_from: int | None = None  # true ms from which the whole archive is read at every step


@dataclass
class Result:
    """What came of a run; `wrong` is empty if it is right."""

    plan: Plan
    trace: str = ""
    steps: int = 0
    at: int = 0  # true milliseconds of the last step
    step: str = ""
    days: int = 0  # that were lived to their end
    stopped: bool = False  # from outside, before its end
    wrong: list[str] = field(default_factory=list)
    balance: Balance = field(default_factory=Balance)
    met: Counter[str] = field(default_factory=Counter)
    log: list[str] = field(default_factory=list)


def _never() -> bool:
    return False


def _nothing(_result: Result) -> None:
    pass


class Run:
    """Drives one instance through its time; `stop` says whether it is to end before."""

    def __init__(
        self,
        plan: Plan,
        instance: Instance,
        result: Result,
        stop: Callable[[], bool] = _never,
        day_over: Callable[[Result], object] = _nothing,
    ) -> None:
        self.stop = stop
        self.day_over = day_over
        self.plan = plan
        self.instance = instance
        self.result = result
        self.level = lasting_faults.LEVELS[plan.faults]
        self.chance = Random(f"run/{plan.seed}")
        self.hash = hashlib.sha256()
        self.events: list[tuple[int, int, str, Callable[[], object]]] = []
        self.serial = 0
        self.current: Job | None = None
        self.maintained = 0  # in which hour since 1970
        self.people: list[members.Member] = []
        self.by_id: dict[int, members.Member] = {}
        self.oracle = Oracle(instance)
        for number in range(plan.members):
            if not newcomers.comes_later(plan, number):
                habit = "silent" if plan.scene else None
                self.meet(members.join(instance, plan.seed, number, habit))
        self.timetable = periodic.timetable(instance.services.settings)
        self.planned = 0  # true ms of the last round

    def go(self) -> None:
        """Live the days, then some hours without faults, until something is wrong."""
        start = self.instance.timeline.ms
        end = start + self.plan.days * DAY
        self._schedule_all(start, end)
        self.instance.injector.between = self._meanwhile
        with ExitStack() as stack:
            stack.enter_context(self.oracle.watching())
            self._watch_claims(stack)
            after = lasting_faults.AFTER if self.plan.scene is None else scenes.AFTER
            for until in (*range(start + DAY, end + 1, DAY), end + after):
                if not self._until(until) or not self._is_right(end):
                    break
                if until <= end:
                    self.result.days += 1
                    self.day_over(self.result)
            self.oracle.sum_up()

    def _is_right(self, end: int) -> bool:
        """Look at everything, at the end of a day and of the run."""
        if self.result.days % 30 == 29:
            gc.unfreeze()
        gc.collect()
        gc.freeze()  # what lived through a day is mostly kept for good; a month is looked through
        self.oracle.check_archives()
        if self.instance.timeline.ms > end:
            self.oracle.check_after_faults(
                end, self.instance.services.settings.poll_max_minutes * MINUTE
            )
        self.result.wrong = self.oracle.wrong
        return self.plan.keep_going or not self.oracle.wrong

    def _until(self, end: int) -> bool:
        timeline, queues = self.instance.timeline, self.instance.queues
        while self.plan.keep_going or not self.oracle.wrong:
            if self.stop():
                self.result.stopped = True
                self.oracle.check_archives()
                break
            times = [one for one in (queues.next_at(), self._next_event()) if one is not None]
            if not times or min(times) > end:
                timeline.to(end)
                return True
            timeline.to(min(times))
            if self.events and self.events[0][0] <= timeline.ms:
                _, _, name, act = heappop(self.events)
                self._step(name, act)
            elif (job := queues.next_job()) is not None:
                self._step(_said(job), partial(self._job, job))
        self.result.wrong = self.oracle.wrong
        return False

    def _step(self, name: str, act: Callable[[], object]) -> None:
        self.result.steps += 1
        self.result.at, self.result.step = self.instance.timeline.ms, name
        outcome = act()
        lines = self.oracle.after_step()
        if self.plan.closely_from is not None and self.plan.closely_from <= self.result.at:
            self.oracle.check_archives()
        told = f"{self.instance.timeline.ms} {name} {outcome} {' | '.join(lines)}"
        self.hash.update(told.encode())
        self.result.log.append(told)
        del self.result.log[:-60]

    def _schedule_all(self, start: int, end: int) -> None:
        for entry in self.timetable:
            self._plan_entry(entry)
        for at, name, change in lasting_faults.schedule(self.level, self.chance, start, end):
            self.at(min(at, end), name, partial(change, self.instance))
        for member in self.people if self.plan.scene else ():
            self.schedule_acts(
                member, scenes.SCENES[self.plan.scene or ""](member.chance, start), end
            )
        for day in range(start, end, DAY) if self.plan.scene is None else ():
            self.at(day, "a day begins", partial(self._day, day, end))
        newcomers.schedule(self, start, end)
        self.at(end, "the faults end", self._end_faults)

    def _day(self, day: int, end: int) -> None:
        for member in self.people:
            self.schedule_acts(member, member_acts.day(member, day), end)

    def schedule_acts(
        self, member: members.Member, schedule: member_acts.Schedule, end: int
    ) -> None:
        """Have a member do what follows, at `end` (true ms) at the latest."""
        for at, name, act in schedule:
            self.at(
                min(at, end), f"member {member.user_id} {name}", partial(self._act, act, member)
            )

    def meet(self, member: members.Member) -> None:
        """Somebody has an archive: from now on they act and are watched."""
        self.people.append(member)
        self.by_id[member.user_id] = member
        self.oracle.meet(member)

    def _act(self, act: Any, member: members.Member) -> str:
        return self.as_process("a page", lambda: act(self.instance, member))

    def _end_faults(self) -> None:
        """Whatever still goes wrong ends here."""
        self.instance.injector.share = 0.0
        self.instance.injector.between = None
        self.instance.injector.away.clear()

    def _plan_entry(self, entry: periodic.Entry) -> None:
        now = self.instance.timeline.now()
        place = (0, 0) if entry.cron.endswith(EVERY_HOUR) else (now.weekday(), now.hour)
        seconds = _until_due(entry.cron, *place, now.minute)
        seconds -= now.second + now.microsecond / 1e6
        at = self.instance.timeline.ms + max(SECOND, round(seconds * SECOND))
        self.at(at, f"{entry.name} is due", lambda: self._entry(entry))

    def _entry(self, entry: periodic.Entry) -> str:
        self._plan_entry(entry)
        hours = self.instance.timeline.ms // HOUR
        if entry.name == "maintenance" and hours - self.maintained < EVERY:
            return "left out"
        if entry.name == "maintenance":
            self.maintained = hours
        if entry.name == "plan" and not self._is_worth_planning():
            return "nobody is due"

        def put() -> None:
            self.instance.services.queues.enqueue(entry.queue, entry.task)
            if self.chance.random() < self.level.share:  # two schedulers
                self.instance.services.queues.enqueue(entry.queue, entry.task)
            if entry.name == "plan":
                lost_claims.recover(self.instance.services)

        return self.as_process("the scheduler", put)

    def _is_worth_planning(self) -> bool:
        """Whether anybody is due in this window; once in a while it is planned all the same."""
        now = self.instance.timeline.ms
        if now - self.planned < IDLE:
            soon = now + self.instance.timeline.ahead + 11 * MINUTE
            if not queried("1 FROM connections WHERE next_poll_at < ? LIMIT 1", soon):
                return False
        self.planned = now
        return True

    def _job(self, job: Job) -> str:
        before, self.current = self.current, job
        try:
            return self._carried_out(job)
        finally:
            self.current = before

    def _carried_out(self, job: Job) -> str:
        dice = self.chance.random()
        if dice < self.level.share / 10:
            return "lost"  # by the queue
        # At one instant two polls of a member are one line of the log: no telling them apart. It
        # comes again where our clock is set back.
        while any(
            (user_id, clock.to_ms(clock.now())) in self.oracle.claimed for user_id in _polled(job)
        ):
            self.instance.timeline.pass_by(1)
        act = partial(self._done, job)
        outcome = self.as_process(job.task, act)
        if self.instance.twice and job.task == BATCH:
            self.instance.twice.pop(0)(self.instance)
        elif dice <= 1 - self.level.share / 5:
            return outcome
        # Delivered twice; never at the same instant, at which one poll could pass for the other.
        self.instance.timeline.pass_by(SECOND + self.chance.randrange(20 * SECOND))
        return f"{outcome}, again {self.as_process(job.task, act)}"

    def _done(self, job: Job) -> None:
        """By a worker of this release, or of the one before while some are left."""
        beside = self.instance.release_before and self.chance.random() < 0.5
        with release_before.at_work(self.oracle.complain) if beside else nullcontext():
            getattr(tasks, job.task)(*job.args)

    def as_process(self, name: str, act: Callable[[], object]) -> str:
        """Do something as a process of its own, which may be killed or fail."""
        injector = self.instance.injector
        process = injector.begin(name)
        depth = database.transaction_depth()
        try:
            act()
        except Crash as crash:
            self.at(self.instance.timeline.ms + 65 * SECOND, "lost claims are looked for",
                     lambda: self.as_process("the scheduler", self._recover))  # fmt: skip
            outcome = f"killed at {crash}"
            roll_back_if_open()
        except Exception as error:  # noqa: BLE001 - as a queue does: the job failed
            if POISON in str(error):
                self.oracle.complain("what cannot be stored of one member ended the batch of all")
            elif not isinstance(error, EXPECTED):
                self.oracle.complain(f"{name} ended with {type(error).__name__}: {error}")
            outcome = f"failed: {type(error).__name__}"
        else:
            outcome = "done"
        injector.end(process)
        if database.transaction_depth() != depth:
            self.oracle.complain(f"{name} left a transaction open")
        return outcome

    def _recover(self) -> None:
        lost_claims.recover(self.instance.services)

    def _watch_claims(self, stack: ExitStack) -> None:
        """Members whose data fails, or kills, where it is stored or asked for."""
        from audiospective.history import append

        page, fetch = append.page, batch.__dict__["fetch"]

        def store(user_id: int, *args: Any) -> Any:
            if self.by_id[user_id].poisoned:
                raise ValueError(POISON)
            return page(user_id, *args)

        def ask(services: Any, attempt: Any, deadline: Any) -> Any:
            if self.by_id[attempt.claim.user_id].kills:
                self.instance.injector.stack[-1].dead = True
                raise Crash("memory")
            return fetch(services, attempt, deadline)

        for place, name, wrapped in ((append, "page", store), (batch, "fetch", ask)):
            stack.enter_context(patch.object(place, name, wrapped))

    def _meanwhile(self, kind: str) -> None:
        """At some operations the world goes on: time passes, others work, a deploy begins."""
        if kind == "http" and database.transaction_depth():
            self.oracle.complain("a transaction was open while Spotify was asked")
        injector, timeline = self.instance.injector, self.instance.timeline
        share = self.level.nested * (20 if kind == "mail" else 1)  # e-mails are few
        if kind not in ("http", "mail") or len(injector.stack) > 1 or self.chance.random() >= share:
            return
        if kind == "mail":
            self.as_process("send_emails", tasks.send_emails)
            return
        match self.chance.choice(("pause", "sleep", "sleep", "deploy", "other", "twice", "twice")):
            case "pause":
                timeline.pass_by(self.chance.randrange(25 * SECOND))
            case "sleep":  # past every lease; then others take over
                timeline.pass_by(61 * SECOND + self.chance.randrange(3 * MINUTE))
                self.as_process("the scheduler", self._recover)
                self._other()
            case "deploy":
                context.stop_soon()
            case "other":
                self._other()
            case "twice" if self.current is not None:  # delivered to two workers at once
                self._job(self.current)

    def _other(self) -> None:
        """Another worker does what waits, in the middle of this one's work."""
        if (job := self.instance.queues.next_job()) is not None:
            self._job(job)

    def at(self, at: int, name: str, act: Callable[[], object]) -> None:
        """Do something at an instant, in true ms."""
        self.serial += 1
        heappush(self.events, (at, self.serial, name, act))

    def _next_event(self) -> int | None:
        return self.events[0][0] if self.events else None


def simulate(
    plan: Plan,
    stop: Callable[[], bool] = _never,
    day_over: Callable[[Result], object] = _nothing,
) -> Result:
    """Run a plan to its end, or to the first thing that is wrong, or until `stop`.

    `day_over` hears of every day that was lived to its end.
    """
    result = Result(plan)
    level = lasting_faults.LEVELS[plan.faults]
    with (
        mutants.of(plan.mutant),
        running(
            plan.seed,
            share=level.share,
            database_url=plan.database_url,
            poll_max_minutes=INTERVALS[plan.seed % len(INTERVALS)],
            start=START + timedelta(days=plan.seed % FIRST_DAYS if plan.scene is None else 0),
        ) as instance,
    ):
        run = Run(plan, instance, result, stop, day_over)
        result.balance = run.oracle.balance
        run.go()
        result.trace = run.hash.hexdigest()
        result.met = instance.injector.met
    return result


def shortest(result: Result) -> Result:
    """The shortest beginning of a failed run that fails: the day's last look is made step by step.

    Faults and acts follow from the seed, so the same steps are lived through again.
    """
    closely = replace(result.plan, closely_from=max(0, result.at - DAY))
    again = simulate(closely)
    return again if again.wrong else result


def _polled(job: Job) -> Sequence[int]:
    """Whom a job polls."""
    if job.task == BATCH:
        return list(job.args[1])
    return list(job.args) if job.task == POLL else []


def _said(job: Job) -> str:
    return f"{job.task}{job.args}"


@lru_cache(maxsize=20_000)
def _until_due(cron: str, weekday: int, hour: int, minute: int) -> float:
    """Seconds from the beginning of a minute of a week; by trial, which takes milliseconds."""
    some = datetime(2024, 1, 1, hour, minute, tzinfo=UTC) + timedelta(days=weekday)  # a Monday
    return float(CronTab(cron).next(some, default_utc=True) or 60.0)
