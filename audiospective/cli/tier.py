"""`tier`: move a member to pro, or back to free."""

from __future__ import annotations

import click

from audiospective.accounts import members
from audiospective.cli._archive import member, opened
from audiospective.policy import tiers


@click.command()
@click.argument("user")
@click.argument("tier", type=click.Choice([tiers.PRO, tiers.FREE]))
def command(user: str, tier: str) -> None:
    """Give USER the tier pro or free.

    USER is a Spotify id, an account id, a confirmed e-mail address or the number of a member.

    A founding number stays whatever the tier is.
    """
    with opened():
        found = member(user)
        members.set_tier(found, tier)
        has = tiers.tier_of(tier, found.founding_number)
    click.echo(f"Member {found.id} is {has.name} now: {has.promise}")
