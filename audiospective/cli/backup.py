"""`backup`: write the whole instance into one file, while it runs."""

from __future__ import annotations

from pathlib import Path

import click

from audiospective import clock
from audiospective.cli._archive import opened
from audiospective.models.marks import Mark


@click.command()
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--check", is_flag=True, help="Only open FILE, which is there, and read all of it.")
@click.option("--new-key", is_flag=True, help="Only print a fresh key for BACKUP_KEY.")
def command(file: Path | None, check: bool, new_key: bool) -> None:
    """Write database and stored uploads into FILE (audiospective-DATE.backup), and read it again.

    With BACKUP_KEY the file is encrypted, as `age` does it. Nothing is overwritten, nothing has to
    be stopped, and either database can be filled from it.
    """
    from audiospective.imports import scratch
    from audiospective.operations.backup import encryption, making
    from audiospective.operations.backup.errors import BackupError

    if new_key:
        click.echo(encryption.new_key())
        return
    with opened() as services:
        now = clock.now()
        target = file or Path(f"audiospective-{now:%Y-%m-%d-%H%M%S}.backup")
        try:
            if check:
                with scratch.folder(services.settings.home) as folder:
                    clear = folder / "backup.zip"
                    manifest = making.verified(target, clear, services.settings.backup_key)
            else:
                manifest = making.make(services, target)
        except (BackupError, OSError) as error:
            if not check:
                Mark.put(making.FAILED, clock.now(), type(error).__name__)
            if isinstance(error, OSError):
                raise
            raise click.ClickException(str(error)) from None
    rows = manifest.rows()
    click.echo(
        f"{target}: {target.stat().st_size:,} bytes, {rows['users']:,} members,"
        f" {sum(rows.values()):,} rows, {len(manifest.files):,} files, as of"
        f" {clock.from_ms(manifest.taken_at):%Y-%m-%d %H:%M:%S} UTC"
    )
