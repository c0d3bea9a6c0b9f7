"""`poll`: ask Spotify for one member's plays now."""

from __future__ import annotations

import click

from audiospective.cli._archive import member, opened
from audiospective.clients.deadline import Deadline
from audiospective.polling import batch, poll


@click.command()
@click.argument("user")
def command(user: str) -> None:
    """Poll USER at once, whatever the cadence says; pauses after failures still hold.

    USER is a Spotify id, an account id, a confirmed e-mail address or the number of a member.
    """
    with opened() as services:
        found = member(user)
        report = poll.one(services, found.id, Deadline(batch.SECONDS))
    if report.outcomes["archived"]:
        click.echo(f"{report.new_plays} new plays archived.")
        return
    outcome = next(iter(report.outcomes), None)
    if outcome is None:
        raise click.ClickException(
            "not polled: there is no active connection, it is being polled right now, "
            "or Spotify has asked for a pause."
        )
    raise click.ClickException(f"the poll did not succeed ({outcome.removeprefix('failed:')}).")
