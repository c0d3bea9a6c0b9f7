"""`restore`: fill an empty instance from a backup."""

from __future__ import annotations

from pathlib import Path

import click

from audiospective.cli._archive import opened


@click.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--over", is_flag=True, help="Replace other files that storage has under its keys.")
def command(file: Path, over: bool) -> None:
    """Fill the database and the storage that the environment names from the backup FILE.

    The database must be empty, of either kind; storage may hold the same files, but no others
    under their keys. TOKEN_KEYS has to be the one of then, or people have
    to reconnect. Start worker and scheduler only when the old instance is off for good.
    """
    from audiospective.operations import verify
    from audiospective.operations.backup import restoring
    from audiospective.operations.backup.errors import BackupError

    with opened() as services:
        try:
            manifest = restoring.restore(services, file, over=over)
        except BackupError as error:
            raise click.ClickException(str(error)) from None
        ids = verify.members()
        faults = [(user, one) for user, found in verify.archives(ids) for one in found.faults]
    for user_id, fault in faults:
        click.echo(f"user {user_id}: {fault}", err=True)
    rows = manifest.rows()
    click.echo(f"{rows['users']:,} members, {sum(rows.values()):,} rows, {len(faults)} faults")
    if faults:
        raise click.ClickException("The backup is complete, but archives in it were damaged.")
