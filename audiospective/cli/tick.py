"""`tick`: one round of polling, for platforms that have nothing but a cron."""

from __future__ import annotations

from collections import Counter

import click
from rich.console import Console
from rich.progress import track

from audiospective import clock
from audiospective.cli._archive import opened
from audiospective.clients.deadline import Deadline
from audiospective.polling import batch as batches
from audiospective.polling import plan, poll


@click.command()
@click.option("--inline", is_flag=True, help="Poll here instead of leaving it to the workers.")
def command(inline: bool) -> None:
    """Plan what is due now and exit.

    Without --inline the batches go to the queues at once and workers take them. With it no Redis
    and no worker is needed: everybody who is due is polled before the command ends.
    """
    with opened() as services:
        if not inline:
            planned = plan.enqueue_due(services)
            people = sum(len(one.user_ids) for one in planned)
            click.echo(f"{people} people in {len(planned)} batches are waiting for a worker.")
            return
        now = clock.now()
        slot = plan.current_slot(services, now)
        due = plan.due(slot.end, now)
        cut = plan.cut(due, services.settings.batch_size)
        outcomes: Counter[str] = Counter()
        console = Console(stderr=True)
        for one in track(cut, "Polling", console=console, disable=not console.is_terminal):
            report = poll.many(services, slot.start, one.user_ids, Deadline(batches.SECONDS))
            outcomes += report.outcomes
        click.echo(f"{outcomes.pop('archived', 0)} people polled." + _rest(outcomes))


def _rest(outcomes: Counter[str]) -> str:
    parts = [f"{count} {name}" for name, count in sorted(outcomes.items())]
    return f" Not polled: {', '.join(parts)}." if parts else ""
