"""`doctor`: what a deployment needs, looked at without starting it."""

from __future__ import annotations

import click

from audiospective.operations import doctor
from audiospective.services import Services
from audiospective.settings import Settings


@click.command()
@click.pass_context
def command(ctx: click.Context) -> None:
    """Check settings, database, Redis, Spotify, e-mail and storage; say what to do.

    Exits 1 if something keeps plays from being archived.
    """
    services = Services.build(Settings.from_env())
    click.echo("ok    Settings: complete")
    sick = False
    for finding in doctor.examine(services):
        mark = "ok   " if not finding.advice else "FAULT" if finding.serious else "note "
        click.echo(f"{mark} {finding.subject}: {finding.state}")
        if finding.advice:
            click.echo(f"      -> {finding.advice}")
        sick |= bool(finding.advice) and finding.serious
    ctx.exit(1 if sick else 0)
