"""`years`: where closed years are, and taking them there or home."""

from __future__ import annotations

import click

from audiospective.cli._archive import FILES, opened, unusable


@click.command()
@click.argument("what", type=click.Choice(["list", "move", "home", "claim"]), default="list")
def command(what: str) -> None:
    """Say which closed years are in storage, move what is due there, or bring all of them home.

    `home` first needs room in the database; set CLOSED_YEARS=database before it, or the next round
    moves them out again. `claim` is for an instance that got another address or another database:
    it goes on with its folder. Never claim from a copy while the original still runs.
    """
    from audiospective.history.closed import moving
    from audiospective.operations import closed_years

    with opened() as services:
        if what == "claim":
            click.echo(f"{closed_years.take_over(services)} is used by this instance")
        elif what != "list":
            done = closed_years.home() if what == "home" else closed_years.round_of(services)
            click.echo(f"{done.moved} years moved, {done.failed} failed")
            if done.taken:
                raise unusable(
                    f"{done.taken}. If this is a copy, set CLOSED_YEARS=database; if it has moved,"
                    " `years claim` lets it go on.",
                    FILES,
                )
            if done.failed:
                raise unusable("storage did not do all of it; nothing is lost, try again.", FILES)
        away = moving.away()
        people = len({user_id for user_id, _ in away})
        click.echo(f"{len(away)} years of {people} members are in storage")
