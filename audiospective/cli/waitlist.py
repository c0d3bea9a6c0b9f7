"""`waitlist`: who waits for a place, and who is invited next."""

from __future__ import annotations

import click

from audiospective.accounts import invitations, seats
from audiospective.cli._archive import opened
from audiospective.policy.founding import Places
from audiospective.policy.in_words import plural


@click.group()
def command() -> None:
    """Look at the waitlist and invite from it."""


@command.command()
def status() -> None:
    """How many wait, and what is free."""
    with opened() as services:
        waiting, places = invitations.waiting(), seats.places(services)
    click.echo(f"{waiting} waiting; {_free(places)}.")


@command.command()
@click.argument("count", type=click.IntRange(1, 10_000))
def invite(count: int) -> None:
    """Invite the next COUNT in line; each has seven days to come, free places or not."""
    with opened() as services:
        free = seats.places(services).seats_left
        invited = invitations.invite(services, count)
        places = seats.places(services)
    for email in invited:
        click.echo(f"invited {email}")
    if free is not None and len(invited) > free:
        click.echo(
            f"Only {plural(free, 'Spotify seat')} free. Add the others to your app's users at "
            "Spotify, or they will be turned away there.",
            err=True,
        )
    click.echo(f"{len(invited)} invited; {_free(places)}.")


def _free(places: Places) -> str:
    free = "no limit of seats"
    if places.seats_left is not None:
        free = f"{plural(places.seats_left, 'seat')} free"
    return f"{plural(places.left, 'founding place')} free, {places.held} held, {free}"
