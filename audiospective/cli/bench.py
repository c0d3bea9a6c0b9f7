"""`bench`: this project's figures next to the limits of this machine, in one run."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

NAMES = ("storage", "stats", "pages", "poll", "export", "import")


@click.command()
@click.argument(
    "name", type=click.Choice(["storage", "stats", "pages", "poll", "export", "import"])
)
@click.option("--small", is_flag=True, help="A small part of the work, for a first look.")
@click.option(
    "--database",
    "url",
    help="An EMPTY database (postgres://... or sqlite:///...); without it a SQLite file that is "
    "gone afterwards.",
)
def command(name: str, small: bool, url: str | None) -> None:
    """Measure NAME in a scratch database and print figures and limits.

    storage: bytes a play, sealed and in rows. stats: the views of a large archive, against merely
    decoding it. pages: the heaviest pages of 200,000 and 1,000,000 plays, alone and while somebody
    is polled, against a page that does nothing. poll: polls a second against merely fetching and
    parsing. export: every export against Polars writing the same plays. import: an extended
    streaming history from its zip to the archive, against unzipping, parsing and writing it once.
    """
    from audiospective.bench.scratch import NotEmptyError, scratch

    try:
        with scratch(url) as database:
            _run(name, small=small, url=database)
    except NotEmptyError:
        raise click.ClickException("the database holds an archive; give an empty one.") from None


def _run(name: str, *, small: bool, url: str) -> None:
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

        pages.run(click.echo, small=small, url=url)
    else:
        from audiospective.bench import poll

        with _sandbox() as sandbox:
            poll.run(click.echo, small=small, url=url, sandbox=sandbox)


@contextmanager
def _sandbox() -> Iterator[Any]:
    """A sandbox in a process of its own, so that it does not share this one's interpreter lock."""
    from audiospective.bench.poll import Sandbox
    from audiospective.sandbox import CLIENT_ID, CLIENT_SECRET, RemoteControl

    command = [sys.executable, "-m", "audiospective", "sandbox", "--port", "0", "--no-demo"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            line = server.stdout.readline() if server.stdout else ""
            address = next((word for word in line.split() if word.startswith("http")), None)
            if address is None:
                raise click.ClickException("the sandbox did not start.")
            yield Sandbox(address, CLIENT_ID, CLIENT_SECRET, RemoteControl(address, 120))
        finally:
            server.terminate()
