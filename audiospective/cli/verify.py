"""`verify`: re-read every segment and say what is wrong."""

from __future__ import annotations

from pathlib import Path

import click

from audiospective.cli._archive import member, opened
from audiospective.clients.storage import StorageError
from audiospective.policy.in_words import plural


@click.command()
@click.argument("user", required=False)
@click.option(
    "--from",
    "backup",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Put what is damaged back from this backup, and read again.",
)
@click.pass_context
def command(ctx: click.Context, user: str | None, backup: Path | None) -> None:
    """Re-read every stored year of USER, or of everybody; exits 1 if anything is wrong.

    Checks hash, number, range and order of the plays, that none is there twice or deleted, and
    that the catalog knows their tracks and, of everybody, can be read. A damaged year is set
    aside, whole, and never read in part. --from takes its bytes out of a backup that was made after
    the year was last written and before it was damaged: try the newest first, then older ones. Of
    everybody, it puts damaged blocks of the catalog back as well.
    """
    from audiospective.operations import verify
    from audiospective.operations.backup import damaged_blocks, damaged_years
    from audiospective.operations.backup.errors import BackupError

    faults = segments = plays = 0
    with opened() as services:
        ids = [member(user).id] if user else verify.members()
        if backup is not None:
            for _ in verify.archives(ids):
                pass  # damage that nothing has read yet is not known, and would not be put back
            try:
                found = damaged_years.put_back(services, backup)
                blocks = 0 if user else damaged_blocks.put_back(services, backup)
            except (BackupError, StorageError) as error:
                raise click.ClickException(str(error)) from None
            click.echo(f"{plural(found, 'damaged year')} found whole in the backup")
            if blocks:
                click.echo(f"{plural(blocks, 'damaged block')} of the catalog put back from it")
        with click.progressbar(
            verify.archives(ids), length=len(ids), label="Verifying", hidden=len(ids) < 20
        ) as archives:
            for user_id, one in archives:
                segments += one.segments
                plays += one.plays
                faults += len(one.faults)
                for year in one.healed:
                    click.echo(f"user {user_id}: year {year} is whole again and was taken in")
                for fault in one.faults:
                    click.echo(f"user {user_id}: {fault}", err=True)
        if user is None:
            for fault in verify.catalog():
                faults += 1
                click.echo(fault, err=True)
    click.echo(f"{len(ids)} archives, {segments} segments, {plays} sealed plays, {faults} faults")
    ctx.exit(1 if faults else 0)
