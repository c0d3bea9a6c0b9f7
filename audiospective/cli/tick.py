"""`tick`: everything that is due by now, for platforms that have nothing but a cron."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress

import click
from redis.exceptions import RedisError
from rich.console import Console
from rich.progress import track

from audiospective import clock
from audiospective.cli._archive import opened
from audiospective.clients.deadline import Deadline
from audiospective.incidents import alarms
from audiospective.jobs import inline, periodic
from audiospective.operations import agreement, watch
from audiospective.polling import batch as batches
from audiospective.polling import plan, poll
from audiospective.services import Services

PLAN = "plan"  # this entry of the timetable is what the command itself does first


@click.command()
@click.option("--inline", "here", is_flag=True, help="Do it here, without Redis or workers.")
def command(here: bool) -> None:
    """Do what the timetable has due now, and exit: polls, e-mails, sealing, checks.

    Without --inline the jobs go to the queues and workers take them. With it they are done before
    the command ends; neither a worker nor a Redis that answers is needed. Meant for every ten
    minutes.
    """
    with opened() as services:
        alarms.beat("tick")
        with suppress(RedisError):  # it may do without
            agreement.leave(services.redis, services.settings, agreement.TICK)
        entries = [one for one in periodic.timetable(services.settings) if one.name != PLAN]
        if here:
            outcomes = _poll(services)
            click.echo(f"{outcomes.pop('archived', 0)} members polled." + _rest(outcomes))
            failed = inline.run(services, inline.due(entries, clock.now()))
            watch.look(services)
            if failed:
                raise click.ClickException(f"failed, and tried again later: {', '.join(failed)}.")
            return
        planned = plan.enqueue_due(services)
        members = sum(len(one.user_ids) for one in planned)
        click.echo(f"{members} members in {len(planned)} batches are waiting for a worker.")
        for entry in inline.due(entries, clock.now()):
            services.queues.enqueue(entry.queue, entry.task, timeout=entry.timeout)


def _poll(services: Services) -> Counter[str]:
    plan.prepare(services)
    now = clock.now()
    slot = plan.current_slot(services, now)
    due = plan.due(slot.end, now)
    cut = plan.cut(due, services.settings.batch_size)
    outcomes: Counter[str] = Counter()
    console = Console(stderr=True)
    for one in track(cut, "Polling", console=console, disable=not console.is_terminal):
        report = poll.many(services, slot.start, one.user_ids, Deadline(batches.SECONDS))
        outcomes += report.outcomes
    return outcomes


def _rest(outcomes: Counter[str]) -> str:
    parts = [f"{count} {name}" for name, count in sorted(outcomes.items())]
    return f" Not polled: {', '.join(parts)}." if parts else ""
