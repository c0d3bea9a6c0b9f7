"""`years`: where closed years are, and taking them there or home."""

from __future__ import annotations

import click

from audiospective.cli._archive import FILES, opened, unusable


@click.command()
@click.argument("what", type=click.Choice(["list", "move", "home"]), default="list")
def command(what: str) -> None:
    """Say which closed years are in storage, move what is due there, or bring all of them home.

    `home` first needs room in the database; set CLOSED_YEARS=database before it, or the next round
    moves them out again.
    """
    from audiospective.history.closed import moving
    from audiospective.operations import closed_years

    with opened() as services:
        if what != "list":
            done = closed_years.home() if what == "home" else closed_years.round_of(services)
            click.echo(f"{done.moved} years moved, {done.failed} failed")
            if done.failed:
                raise unusable("storage did not do all of it; nothing is lost, try again.", FILES)
        away = moving.away()
        people = len({user_id for user_id, _ in away})
        click.echo(f"{len(away)} years of {people} members are in storage")
