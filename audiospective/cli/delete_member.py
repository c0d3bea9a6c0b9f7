"""`delete-member`: delete an account for whoever asked the operator for it."""

from __future__ import annotations

import click

from audiospective.accounts import deletion, erasure, holdings
from audiospective.cli._archive import member, opened
from audiospective.clients.deadline import Deadline
from audiospective.models import User


@click.command()
@click.argument("user")
@click.option("--yes", is_flag=True, help="Do not ask.")
def command(user: str, yes: bool) -> None:
    """Delete USER's account with everything that belongs to it, now and for good.

    USER is a Spotify id, an account id, a confirmed e-mail address or the number of a member.

    A receipt goes to the confirmed address, if there is one.
    """
    with opened() as services:
        found = member(user)
        plays = holdings.of(found).plays
        if not yes:
            click.confirm(f"Delete member {found.id} with {plays:,} plays for good?", abort=True)
        deletion.at_once(services, found)
        erasure.carry_out(services, Deadline(erasure.SECONDS))
        left = User.select().where(User.id == found.id).exists()
    click.echo(
        f"Member {found.id} is cut off; a worker deletes the rest."
        if left
        else f"Member {found.id} is deleted."
    )
