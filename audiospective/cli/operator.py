"""`operator`: who may see how the whole archive is doing."""

from __future__ import annotations

import click

from audiospective.accounts import members
from audiospective.cli._archive import member, opened


@click.group()
def command() -> None:
    """Make members operators, or take that back."""


@command.command()
@click.argument("user")
def grant(user: str) -> None:
    """Let USER see the operator's pages.

    USER is a Spotify id, an account id, a confirmed e-mail address or the number of a member.
    """
    with opened():
        found = member(user)
        members.set_operator(found, True)
    click.echo(f"Member {found.id} is an operator now.")


@command.command()
@click.argument("user")
def revoke(user: str) -> None:
    """USER is an ordinary member again."""
    with opened():
        found = member(user)
        members.set_operator(found, False)
    click.echo(f"Member {found.id} is no operator any more.")
