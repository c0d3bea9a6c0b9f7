"""Weeks of an instance under faults: no play is lost without a gap, and one seed is one run.

`python -m audiospective simulate --seeds 20 --members 200 --days 365` tries much more.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from signal import SIGTERM

import pytest
from click.testing import CliRunner

from audiospective.cli.simulate import command
from audiospective.models import Connection
from audiospective.models.base import LONG_AGO
from audiospective.simulation import report
from audiospective.simulation.instance import running
from audiospective.simulation.memory_queues import Job
from audiospective.simulation.run import Plan, Result, Run, simulate
from audiospective.simulation.timeline import HOUR

TRACE = "from audiospective.simulation.run import *; print(simulate(Plan(5, 1, 3, 'heavy')).trace)"


@pytest.mark.parametrize("seed", [1, 2, 5])  # polls are at most 120, 180, 180 minutes apart
def test_members_under_heavy_faults_lose_no_play_without_a_gap(seed):
    result = simulate(Plan(40, 14, seed, "heavy"))
    assert result.wrong == [], "\n".join(report.failure(result))
    assert result.balance.polls > 5_000
    assert result.balance.gap_hours < 1.5 * max(1, result.balance.possible_hours)
    assert len(result.met) > 5  # kinds of faults that were met


def test_the_same_seed_is_the_same_run_in_another_process():
    traces = [
        subprocess.run(
            [sys.executable, "-c", TRACE],
            cwd=Path(__file__).parents[2],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert len(traces[0].strip()) == 64
    assert traces[0] == traces[1]


def test_a_run_that_is_stopped_says_what_it_came_to_until_then(monkeypatch):
    monkeypatch.setattr("audiospective.cli.simulate._tell", lambda _: os.kill(os.getpid(), SIGTERM))
    asked = ["--members", "2", "--days", "9", "--faults", "none", "--progress"]
    done = CliRunner().invoke(command, asked)
    assert done.exit_code == 130, done.output
    assert "Stopped after 1 of 9 days; nothing was wrong until then." in done.output
    assert "plays archived, each once" in done.output


def test_the_command_says_what_a_run_came_to():
    done = CliRunner().invoke(command, ["--members", "2", "--days", "1", "--faults", "none"])
    assert done.exit_code == 0, done.output
    assert "plays archived, each once" in done.output
    assert "seed 0: 2 members, 1 days, faults none" in done.output


def test_two_polls_of_a_member_at_one_instant_are_told_apart():
    plan = Plan(1, 1, 6, "none")
    with running(6, share=0) as instance:
        run = Run(plan, instance, Result(plan))
        with run.oracle.watching():
            for _ in range(3):
                Connection.update(next_poll_at=LONG_AGO).execute()
                job = Job(instance.timeline.ms, "interactive", "poll_user", (1,))
                run._step(job.task, lambda job=job: run._job(job))
        assert run.oracle.wrong == []
        assert run.oracle.balance.polls == 3


def test_a_poll_at_an_instant_that_comes_again_after_our_clock_is_set_back_is_one_of_its_own():
    plan = Plan(1, 1, 6, "none")
    with running(6, share=0) as instance:
        run, timeline = Run(plan, instance, Result(plan)), instance.timeline
        with run.oracle.watching():
            # By our clock the second and the last poll are at one instant.
            for passes, ahead in ((0, 0), (12 * HOUR, 3 * HOUR), (HOUR, 0), (2 * HOUR, 0)):
                timeline.to(timeline.ms + passes)
                timeline.ahead = ahead
                Connection.update(next_poll_at=LONG_AGO).execute()
                job = Job(timeline.ms, "interactive", "poll_user", (run.people[0].user_id,))
                run._step(job.task, lambda job=job: run._job(job))
        assert run.oracle.wrong == []
        assert run.oracle.balance.polls == 4
