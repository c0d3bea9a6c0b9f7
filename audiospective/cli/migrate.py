"""`migrate`: bring the database's tables up to date."""

from __future__ import annotations

import click

from audiospective import models
from audiospective.cli._archive import one_line
from audiospective.settings import Settings


@click.command()
def command() -> None:
    """Apply the migrations that the database has not seen yet."""
    settings = Settings.from_env()
    with one_line():
        settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
        models.bind(settings.database_url)
        applied = models.migrate()
    for name in applied:
        click.echo(f"applied {name}")
    if not applied:
        click.echo("The database is up to date.")
