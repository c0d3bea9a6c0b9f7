"""`export`: write somebody's archive into files that others read."""

from __future__ import annotations

import tempfile
from pathlib import Path

import click

from audiospective import clock
from audiospective.cli._archive import member, opened

FORMATS = ("csv", "json", "parquet", "spotify", "listenbrainz", "maloja", "koito", "lastfm")


@click.command()
@click.argument("user")
@click.option(
    "--format", "names", multiple=True, required=True, type=click.Choice([*FORMATS, "all"]),
    help="What to write; may be given several times.",
)  # fmt: skip
@click.option(
    "--compatible", is_flag=True,
    help="Fill in what other programs insist on, leave out what they cannot take, list both.",
)  # fmt: skip
@click.option(
    "--out", "folder", default=".", type=click.Path(path_type=Path, file_okay=False),
    help="The directory to write to; it is made if it is not there.",
)  # fmt: skip
def command(user: str, names: tuple[str, ...], compatible: bool, folder: Path) -> None:
    """Write the archive of USER in one or more formats. Nothing is overwritten.

    USER is a Spotify id, an account id or an e-mail address. What the formats hold and who reads
    them is in docs/exports.md.
    """
    from audiospective.exports import files, snapshot
    from audiospective.exports.formats import FORMATS as KNOWN

    wanted = [KNOWN[name] for name in (FORMATS if "all" in names else dict.fromkeys(names))]
    if compatible and (rigid := [one.name for one in wanted if not one.compatible]):
        if "all" not in names:
            raise click.ClickException(f"{', '.join(rigid)}: there is no compatible form.")
        wanted = [one for one in wanted if one.compatible]
    folder.mkdir(parents=True, exist_ok=True)
    with opened(), tempfile.TemporaryDirectory(dir=folder, prefix=".export-") as scratch:
        found = member(user)
        owner = snapshot.Owner(found.display_name or found.spotify_id or user, found.timezone)
        taken = snapshot.take(found.id, owner, clock.now(), Path(scratch))
        for form in wanted:
            with click.progressbar(length=taken.plays, label=f"{form.name:<13}") as bar:
                watched = taken.watched(bar.update)
                made = files.save(form, watched, Path(scratch), compatible=compatible)
            target = folder / made.name
            if target.exists():
                raise click.ClickException(f"{target} is there already; nothing is overwritten.")
            made.rename(target)
            click.echo(f"{target}  {target.stat().st_size:,} bytes")
    click.echo(f"{taken.plays:,} plays in each")
