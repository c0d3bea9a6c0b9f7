"""`restore-member`: put the archive of a member's bundle back."""

from __future__ import annotations

from pathlib import Path

import click

from audiospective.cli import import_
from audiospective.cli._archive import member, opened
from audiospective.imports import rounds, uploads
from audiospective.imports.errors import RefusedError
from audiospective.imports.findings import Findings
from audiospective.models.imports import DONE, REVIEW

OTHERWISE = (
    "The archive of this member holds imported or deleted plays already. Use `import` to add the"
    " plays of the bundle to it."
)


@click.command()
@click.argument("user")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
def command(user: str, file: Path) -> None:
    """Put the archive of the bundle FILE back as the archive of USER: plays, gaps, deletions,
    settings.

    USER is a Spotify id, an account id, a confirmed e-mail address or the number of a member.

    The archive may hold nothing but what polls have brought. Every play is read again after it
    was written.
    """
    with opened() as services:
        try:
            row = import_.send(services, member(user), (file,))
        except RefusedError as error:
            raise click.ClickException(error.sentence) from None
        row = import_.worked(services, row)
        found = Findings.loads(row.findings).restore
        if row.status != REVIEW or not found or not found["possible"]:
            rounds.cancel(services, row)
            said = OTHERWISE if found else row.error or "This file is no bundle."
            raise click.ClickException(f"{said} Nothing was changed.")
        uploads.agree(services, row)
        row = import_.worked(services, row)
        if row.status != DONE:
            raise click.ClickException(row.error or "Nothing was changed.")
        click.echo(
            f"{row.rows:,} plays, {found['removed']:,} deleted plays, {found['gaps']:,} gaps"
        )
