"""Members who sign up in the middle of a run, amid its faults, as people do."""

from __future__ import annotations

from functools import partial
from random import Random
from typing import TYPE_CHECKING

from audiospective.simulation import member_acts, members
from audiospective.simulation.timeline import HOUR

if TYPE_CHECKING:
    from audiospective.simulation.run import Plan, Run

SHARE = 0.25  # of the members come when the run has begun
EAGER = 0.5  # of these do so in an hour of much listening


def comes_later(plan: Plan, number: int) -> bool:
    """Whether they sign up in the first half of the run; the operator is there before."""
    if plan.scene is not None or number == 0:
        return False
    return Random(f"comes/{plan.seed}/{number}").random() < SHARE


def schedule(run: Run, start: int, end: int) -> None:
    """Who comes when, between two instants in true ms."""
    for number in range(run.plan.members):
        if comes_later(run.plan, number):
            at = start + int(run.chance.random() * (end - start) / 2)
            run.at(at, f"somebody ({number}) comes", partial(begin, run, number, end))


def begin(run: Run, number: int, end: int) -> str:
    """The sandbox meets them, and they sign up here; what came of it."""
    return _come(run, members.newcomer(run.instance, run.plan.seed, number), end)


def _come(run: Run, who: members.Newcomer, end: int) -> str:
    """They sign up; whoever has no archive after that tries again, as after an error."""
    injector, now = run.instance.injector, run.instance.timeline.ms
    between, injector.between = injector.between, None  # nobody polls who is not met yet
    outcome = run.as_process("a page", lambda: members.come(run.instance, who))
    injector.between = between
    if (member := members.arrived(who)) is not None:
        run.meet(member)
        if who.chance.random() < EAGER:
            run.schedule_acts(member, member_acts.many(who.chance, now), end)
        return outcome
    again = now + int(HOUR * 20 ** who.chance.random())
    run.at(again, f"somebody ({who.number}) comes again", partial(_come, run, who, end))
    return f"{outcome}, without an archive"
