"""`import`: bring listening history from files into somebody's archive, or take an import back."""

from __future__ import annotations

import threading
from pathlib import Path

import click

from audiospective.cli._archive import member, opened
from audiospective.imports import rounds, sending, uploads
from audiospective.imports.choices import Choices
from audiospective.imports.errors import RefusedError
from audiospective.models import User
from audiospective.models.imports import REVIEW, WORK, Import
from audiospective.services import Services

TICK = 0.5  # seconds between two looks at an import that a worker has taken


@click.command()
@click.argument("user")
@click.argument("files", nargs=-1, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--private", is_flag=True, help="Add plays of private sessions, too.")
@click.option("--yes", is_flag=True, help="Add without asking.")
@click.option("--undo", "number", type=int, help="Take back the import of this number instead.")
def command(
    user: str, files: tuple[Path, ...], private: bool, yes: bool, number: int | None
) -> None:
    """Bring FILES (zip, JSON, CSV, ...) into the archive of USER; they are all one import.

    USER is a Spotify id, an account id, a confirmed e-mail address or the number of a member.

    What was found is printed and nothing is added before you agree.
    """
    with opened() as services:
        found = member(user)
        try:
            if number is not None:
                row = uploads.of(found, number)
                if row is None:
                    raise click.ClickException(f"{user} has no import {number}.")
                uploads.take_back(services, row)
                _print(worked(services, row))
                return
            row = send(services, found, files)
        except RefusedError as error:
            raise click.ClickException(error.sentence) from None
        except uploads.StaleError:
            raise click.ClickException("This import cannot be taken back.") from None
        row = worked(services, row)
        if private and row.status == REVIEW:
            uploads.choose(services, row, Choices(private=True))
            row = worked(services, row)
        _print(row)
        if row.status != REVIEW:
            raise click.ClickException("Nothing was added.")
        if not (yes or click.confirm("Add these plays?")):
            rounds.cancel(services, row)
            raise click.ClickException("Nothing was added.")
        uploads.agree(services, row)
        _print(worked(services, row))


def send(services: Services, user: User, files: tuple[Path, ...]) -> Import:
    """Take the files in, with a bar; raises RefusedError."""
    total = sum(path.stat().st_size for path in files)
    with click.progressbar(length=total, label="Taking in") as bar:
        row = sending.send(services, user, [(one, one.name) for one in files], bar.update)
        bar.update(total)  # what was dropped of them counts as well
    return row


def worked(services: Services, row: Import) -> Import:
    """Do what is to be done, here or wherever a worker was quicker."""
    from audiospective.imports import import_job

    pause = threading.Event()
    while True:
        import_job.work(services, row.id)
        row = Import.get_by_id(row.id)
        if row.status not in WORK:
            return row
        pause.wait(TICK)


def _print(row: Import) -> None:
    from audiospective.imports.findings import Findings
    from audiospective.imports.review import Review

    click.echo(f"Import {row.id}: {row.status}")
    if row.error:
        click.echo(row.error)
    found = Findings.loads(row.findings)
    for file in found.files:
        click.echo(f"  {file.name}: {file.source or file.sentence}")
    if found.review is None:
        return
    total = Review.from_dict(found.review).total
    click.echo(f"  rows      {total.rows:>12,}")
    click.echo(f"  added     {total.added:>12,}")
    click.echo(f"  matched   {total.matched:>12,}")
    for name, reasons in (("left out", total.skipped), ("rejected", total.rejected)):
        for reason, rows in sorted(reasons.items()):
            click.echo(f"  {name:<10}{rows:>12,}  {reason}")
    click.echo(f"  difference{total.rows - total.accounted:>12,}")
