"""`bench`: this project's figures next to the limits of this machine, in one run."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from audiospective import clock

if TYPE_CHECKING:
    from audiospective.bench.measuring import Echo, Figures

NAMES = ("storage", "stats", "pages", "poll", "plan", "export", "import")


@click.command()
@click.argument("name", type=click.Choice([*NAMES, "all"]))
@click.option(
    "--members",
    type=click.IntRange(1),
    default=1000,
    help="For plan and storage: how many.",
    show_default=True,
)
@click.option(
    "--small", "--quick", is_flag=True, help="A small part of the work, for a first look."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead of lines.")
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
def command(
    name: str, members: int, small: bool, as_json: bool, url: str | None, archive: Path | None
) -> None:
    """Measure NAME in a scratch database and print figures and limits.

    storage: bytes a play all told while so many members grow for three years (1,000 take an hour).
    stats: the views of a large archive, against merely decoding it. pages: the pages of 200,000 and
    1,000,000 plays through the web server, warm, cold and after a new play, alone and while
    somebody is polled, against a page that does nothing.
    poll: polls a second against merely fetching and parsing. plan: jobs a day, how evenly polls are
    spread, and what planning costs, for that many members. export: every export against Polars
    writing the same plays. import: an extended streaming history from its zip to the archive,
    against unzipping, parsing and writing it once. all: each of them in turn, as JSON, with what
    the machine is; storage for so many members as are asked for, plan for 1,000, 100,000 and
    1,000,000.
    """
    from audiospective.bench import all_benches
    from audiospective.bench.scratch import NotEmptyError, scratch

    if name == "all":
        if url:
            raise click.UsageError("all takes no --database: each bench needs an empty one.")
        told_on = partial(click.echo, err=True)
        found = all_benches.every(told_on, NAMES, small=small, members=members)
        click.echo(json.dumps(found, indent=2))
        if any("failed" in one for one in found["benches"]):
            raise click.ClickException("a bench failed.")
        return
    lines: list[str] = []
    echo: Echo = lines.append if as_json else click.echo
    began = clock.monotonic()
    try:
        with scratch(url) as database:
            told = _run(echo, name, small=small, url=database, members=members, archive=archive)
        if as_json:
            taken = clock.monotonic() - began
            click.echo(json.dumps(all_benches.one(name, lines, told, taken), indent=2))
    except NotEmptyError:
        raise click.ClickException("the database holds an archive; give an empty one.") from None


def _run(
    echo: Echo, name: str, *, small: bool, url: str, members: int, archive: Path | None
) -> Figures | None:
    if name == "storage":
        from audiospective.bench import storage

        storage.run(echo, small=small, members=members)
    elif name == "export":
        from audiospective.bench import export

        export.run(echo, small=small, url=url)
    elif name == "import":
        from audiospective.bench import import_

        import_.run(echo, small=small, url=url)
    elif name == "stats":
        from audiospective.bench import stats

        stats.run(echo, small=small, url=url)
    elif name == "pages":
        from audiospective.bench import pages

        pages.run(echo, small=small, url=url, file=archive)
    elif name == "plan":
        from audiospective.bench import plan

        return plan.run(echo, members=members, url=url, small=small)
    else:
        from audiospective.bench import poll, servers

        with servers.sandbox() as sandbox:
            return poll.run(echo, small=small, url=url, sandbox=sandbox)
    return None
