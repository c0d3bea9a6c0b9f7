"""`export`: write somebody's archive into files that others read, or into one bundle."""

from __future__ import annotations

import tempfile
from pathlib import Path

import click

from audiospective import clock
from audiospective.cli._archive import member, opened
from audiospective.exports import descriptions
from audiospective.policy import calendar

FORMATS = tuple(one.name for one in descriptions.FORMATS)


@click.command()
@click.argument("user")
@click.option(
    "--format", "names", multiple=True, default=["bundle"], show_default=True,
    type=click.Choice(["bundle", *FORMATS, "all"]),
    help="What to write; may be given several times. The bundle is one zip with all of them and a "
    "page that shows the archive without network.",
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

    USER is a Spotify id, an account id, a confirmed e-mail address or the number of a member.

    What the formats hold and who reads them is in docs/exports.md.
    """
    from audiospective.exports import files, snapshot
    from audiospective.exports.bundle import writing
    from audiospective.exports.formats import FORMATS as KNOWN

    wanted = list(FORMATS) if "all" in names else list(dict.fromkeys(names))
    if compatible:
        rigid = [one for one in wanted if one == "bundle" or not KNOWN[one].about.compatible]
        if rigid and "all" not in names:
            raise click.ClickException(f"{', '.join(rigid)}: there is no compatible form.")
        wanted = [one for one in wanted if one not in rigid]
    folder.mkdir(parents=True, exist_ok=True)
    with opened() as services, tempfile.TemporaryDirectory(dir=folder, prefix=".export-") as home:
        found, scratch = member(user), Path(home)
        called = found.display_name or found.spotify_id or user
        owner = snapshot.Owner(called, calendar.usable(found.timezone))
        try:
            taken = snapshot.take(found.id, owner, clock.now(), scratch)
        except snapshot.RestlessError as error:
            raise click.ClickException(f"{error}; nothing was written, try again later.") from None
        for name in wanted:
            passes = len(KNOWN) if name == "bundle" else 1
            with click.progressbar(length=taken.plays * passes, label=f"{name:<13}") as bar:
                watched = taken.watched(bar.update)
                if name == "bundle":
                    statistics = services.settings.derived_stats
                    made = writing.write(found, watched, scratch, statistics=statistics)
                else:
                    made = files.save(KNOWN[name], watched, scratch, compatible=compatible)
            target = folder / made.name
            if target.exists():
                raise click.ClickException(f"{target} is there already; nothing is overwritten.")
            made.rename(target)
            click.echo(f"{target}  {target.stat().st_size:,} bytes")
    click.echo(f"{taken.plays:,} plays in the archive")
