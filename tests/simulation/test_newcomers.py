"""Members who come in the middle of a run: they try again until they have an archive, one each."""

from __future__ import annotations

import pytest

from audiospective.models import User
from audiospective.simulation import members, newcomers
from audiospective.simulation.instance import running
from audiospective.simulation.operation_faults import Crash
from audiospective.simulation.run import Plan, Result, Run
from audiospective.simulation.timeline import DAY

PLAN = Plan(12, 2, 1, "none")


@pytest.fixture
def run():
    with running(PLAN.seed, share=0) as instance:
        yield Run(PLAN, instance, Result(PLAN))


def comes(run):
    """The first who comes later; what the step says."""
    number = next(n for n in range(PLAN.members) if newcomers.comes_later(PLAN, n))
    return number, newcomers.begin(run, number, run.instance.timeline.ms + DAY)


def test_some_are_there_when_the_run_begins_and_the_operator_among_them(run):
    there = {member.number for member in run.people}
    assert 0 in there
    assert 1 < len(there) < PLAN.members


def test_whoever_comes_is_watched_like_the_others(run):
    number, outcome = comes(run)
    assert outcome == "done"
    assert run.people[-1].number == number
    assert run.people[-1].user_id in run.oracle.sides.keys() & run.by_id.keys()


def test_whoever_finds_the_database_away_comes_again(run):
    run.instance.injector.away.add("database")
    before = User.select().count()
    number, outcome = comes(run)
    assert outcome.endswith("without an archive")
    assert User.select().count() == before
    run.instance.injector.away.clear()
    at, _, name, again = run.events[0]
    assert name == f"somebody ({number}) comes again"
    run.instance.timeline.to(at)
    assert again() == "done"
    assert run.people[-1].number == number


def test_whoever_never_got_the_answer_has_an_archive_all_the_same(run, monkeypatch):
    come = members.come

    def killed(instance, who):
        come(instance, who)
        raise Crash("http")

    monkeypatch.setattr(members, "come", killed)
    number, outcome = comes(run)
    assert outcome.startswith("killed")
    assert run.people[-1].number == number
    assert not [name for _, _, name, _ in run.events if "comes again" in name]
