"""`sandbox`: a stand-in for Spotify on this machine."""

from __future__ import annotations

import signal
from pathlib import Path
from threading import Event

import click


@click.command("sandbox")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8888, show_default=True, help="Port; 0 takes any free one.")
@click.option(
    "--home",
    type=click.Path(path_type=Path, file_okay=False),
    help="Directory that keeps grants, plays and e-mails. Without it nothing is kept.",
)
@click.option("--seed", default="sandbox", show_default=True, help="Decides the music and people.")
@click.option("--demo/--no-demo", default=True, show_default=True, help="Begin with listeners.")
@click.option("--url", help="Address it is reached under, if it is another.")
def command(
    host: str, port: int, home: Path | None, seed: str, demo: bool, url: str | None
) -> None:
    """Run a stand-in for Spotify with invented people, music and mail."""
    from audiospective.sandbox import SandboxServer
    from audiospective.sandbox.store import HomeInUseError

    stop = Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    options = {"base": url} if url else {}
    try:
        server = SandboxServer(host, port, home, demo=demo, seed=seed, **options)
    except (HomeInUseError, OSError) as error:
        raise click.ClickException(f"the sandbox cannot start: {error}") from error
    with server:
        click.echo(f"Spotify sandbox at {server.url} (e-mails at {server.url}/inbox)")
        stop.wait()
