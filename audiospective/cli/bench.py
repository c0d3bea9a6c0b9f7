"""`bench`: this project's figures next to the limits of this machine, in one run."""

from __future__ import annotations

from pathlib import Path

import click

NAMES = ("storage", "stats", "pages", "poll", "plan", "export", "import")


@click.command()
@click.argument("name", type=click.Choice(NAMES))
@click.option(
    "--members", type=click.IntRange(1), default=1000, help="For plan: how many.", show_default=True
)
@click.option("--small", is_flag=True, help="A small part of the work, for a first look.")
@click.option(
    "--database",
    "url",
    help="An EMPTY database (postgres://... or sqlite:///...); without it a SQLite file that is "
    "gone afterwards.",
)
@click.option(
    "--archive",
    type=click.Path(dir_okay=False, path_type=Path),
    help="For pages: a file that keeps the filled archives; made once, a copy is used.",
)
def command(name: str, members: int, small: bool, url: str | None, archive: Path | None) -> None:
    """Measure NAME in a scratch database and print figures and limits.

    storage: bytes a play, sealed and in rows. stats: the views of a large archive, against merely
    decoding it. pages: the pages of 200,000 and 1,000,000 plays through the web server, warm, cold
    and after a new play, alone and while somebody is polled, against a page that does nothing.
    poll: polls a second against merely fetching and parsing. plan: jobs a day, how evenly polls are
    spread, and what planning costs, for that many members. export: every export against Polars
    writing the same plays. import: an extended streaming history from its zip to the archive,
    against unzipping, parsing and writing it once.
    """
    from audiospective.bench.scratch import NotEmptyError, scratch

    try:
        with scratch(url) as database:
            _run(name, small=small, url=database, members=members, archive=archive)
    except NotEmptyError:
        raise click.ClickException("the database holds an archive; give an empty one.") from None


def _run(name: str, *, small: bool, url: str, members: int, archive: Path | None) -> None:
    if name == "storage":
        from audiospective.bench import storage

        storage.run(click.echo, small=small)
    elif name == "export":
        from audiospective.bench import export

        export.run(click.echo, small=small, url=url)
    elif name == "import":
        from audiospective.bench import import_

        import_.run(click.echo, small=small, url=url)
    elif name == "stats":
        from audiospective.bench import stats

        stats.run(click.echo, small=small, url=url)
    elif name == "pages":
        from audiospective.bench import pages

        pages.run(click.echo, small=small, url=url, file=archive)
    elif name == "plan":
        from audiospective.bench import plan

        plan.run(click.echo, members=members, url=url, small=small)
    else:
        from audiospective.bench import poll, servers

        with servers.sandbox() as sandbox:
            poll.run(click.echo, small=small, url=url, sandbox=sandbox)
