"""`rotate-keys`: encrypt every secret with the first of TOKEN_KEYS."""

from __future__ import annotations

import click

from audiospective.cli._archive import opened


@click.command()
def command() -> None:
    """Encrypt all tokens and secrets with the first key, so that old keys can go.

    Put the new key first in TOKEN_KEYS, restart every process, run this, then take the old key
    out. It can be stopped and repeated at any time.
    """
    from audiospective.operations import key_rotation

    with opened() as services:
        report = key_rotation.rotate(services)
    for name, count in sorted(report.moved.items()):
        click.echo(f"{count:>8,} {name}")
    if report.busy:
        raise click.ClickException(
            f"{report.busy.total():,} values were in use just now. Run this again before taking "
            "the old key out."
        )
    if report.broken:
        raise click.ClickException(
            f"{report.broken.total():,} values cannot be decrypted with any key; they are left as "
            "they are. Add the key they were encrypted with and run this again."
        )
    click.echo("Everything is encrypted with the first key.")
