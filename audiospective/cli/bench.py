"""`bench`: this project's figures next to the limits of this machine, in one run."""

from __future__ import annotations

import click


@click.command()
@click.argument("name", type=click.Choice(["storage", "stats", "poll"]))
@click.option("--small", is_flag=True, help="A tenth of the work, for a first look.")
@click.option(
    "--database",
    "url",
    help="An EMPTY database (postgres://... or sqlite:///...); without it a SQLite file that is "
    "gone afterwards.",
)
def command(name: str, small: bool, url: str | None) -> None:
    """Measure NAME in a scratch database and print figures and limits.

    storage: bytes a play, sealed and in rows. stats: the views of a large archive, against merely
    decoding it. poll: polls a second against merely fetching and parsing.
    """
    from audiospective.bench.filling import NotEmptyError, scratch

    try:
        with scratch(url) as database:
            if name == "storage":
                from audiospective.bench import storage

                storage.run(click.echo, small=small)
            elif name == "stats":
                from audiospective.bench import stats

                stats.run(click.echo, small=small, url=database)
            else:
                from audiospective.bench import poll

                poll.run(click.echo, small=small, url=database)
    except NotEmptyError:
        raise click.ClickException("the database holds an archive; give an empty one.") from None
