"""`up`: everything on one machine."""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import click

from audiospective import environment
from audiospective.cli._archive import one_line
from audiospective.policy import hosts, service_urls
from audiospective.policy.setting_faults import stores, urls
from audiospective.settings import Settings
from audiospective.supervisor import StartError, Supervisor, lock, ports, queue
from audiospective.supervisor.machine import LOOPBACK, ROOT, QueueServer, Sandbox, programs
from audiospective.supervisor.output import Output

WEB_PORT, SANDBOX_PORT = 8000, 8888
# The sandbox's listeners play something new every minute, and a visitor wants to see it arrive.
SANDBOX_PACE = {"POLL_MIN_MINUTES": "1", "POLL_MAX_MINUTES": "1"}
SECRETS = ("SECRET_KEY", "TOKEN_KEYS")


@dataclass(frozen=True)
class Plan:
    """Where everything will be found."""

    home: Path
    host: str
    port: int
    base_url: str
    queue: QueueServer | None  # none if REDIS_URL names one
    sandbox: Sandbox | None  # none if a Spotify client id is set

    def environment(self) -> dict[str, str]:
        """What the programs must know beyond what the operator has set."""
        found = {"BASE_URL": self.base_url, "TZ": "UTC", "PYTHONUNBUFFERED": "1"}
        if self.queue is not None:
            found["REDIS_URL"] = self.queue.url
        return found | (self.sandbox.environment() if self.sandbox is not None else {})


@click.command()
@click.option("--host", help="Address the pages listen on.  [default: 127.0.0.1]")
@click.option("--port", type=click.IntRange(1, 65535), help="Port of the pages.  [default: 8000]")
@click.option(
    "--sandbox-port",
    type=click.IntRange(1, 65535),
    help="Port of the Spotify stand-in.  [default: 8888]",
)
@click.option("--verbose", is_flag=True, help="Show what every program is doing.")
def command(host: str | None, port: int | None, sandbox_port: int | None, verbose: bool) -> None:
    """Run everything on this machine until Ctrl-C.

    Without a Spotify client id in the environment or in `.env`, a sandbox with invented listeners
    stands in for Spotify. The archive lies in AUDIOSPECTIVE_HOME, `./var` by default.
    """
    given = environment.given()
    home = Path(given.get("AUDIOSPECTIVE_HOME", "var")).absolute()
    with one_line():
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
    who = f"process {os.getpid()}"
    try:
        with one_line(), lock.hold(home / "up.lock", who), _own_database(given, who):
            plan = _plan(given, home, host or _loopback(given), port, sandbox_port)
            _run(plan, {"LOG_LEVEL": "INFO" if verbose else "WARNING", **given})
    except lock.AlreadyRunningError as error:
        raise click.ClickException(
            f"this archive is already running ({error.holder or 'another process'}). Stop that one "
            "first, or set AUDIOSPECTIVE_HOME and DATABASE_URL to run another archive beside it."
        ) from None
    except StartError as error:
        raise click.ClickException(f"{error} Everything else has been stopped.") from None


def _own_database(given: Mapping[str, str], who: str) -> AbstractContextManager[None]:
    """The lock of an SQLite file elsewhere: two homes that share one would both poll for it."""
    url = given.get("DATABASE_URL", "")
    if not url.startswith("sqlite:") or stores.database_fault(url):
        return nullcontext()  # the home's own file, a server, or a fault that is named later
    path = Path(service_urls.local_path(url))
    return (
        lock.hold(path.with_name(path.name + ".lock"), who)
        if path.parent.is_dir()
        else nullcontext()
    )


def _loopback(given: Mapping[str, str]) -> str:
    """The loopback address in BASE_URL, since the pages must answer at the address they print."""
    found = urlsplit(given.get("BASE_URL", "")).hostname or ""
    return found if hosts.is_loopback(found) else LOOPBACK


def _plan(
    given: Mapping[str, str], home: Path, host: str, port: int | None, sandbox_port: int | None
) -> Plan:
    own_app = "SPOTIFY_CLIENT_ID" in given
    base = urlsplit(given.get("BASE_URL", ""))
    good = not urls.base_fault(given.get("BASE_URL", ""))
    if base.scheme == "https" and good and not own_app:
        raise click.ClickException(
            "BASE_URL is a public address, but SPOTIFY_CLIENT_ID is not set, and the sandbox is "
            "for this machine only: set the client id and secret of your Spotify app."
        )
    if port is None and base.scheme == "http":
        port = base.port or 80
    # Spotify compares the callback letter by letter, so a real app's port never just moves.
    web_port = _port("the pages", host, port, WEB_PORT, may_move=not own_app)
    sandbox = None
    if not own_app:
        avoid = frozenset({web_port})
        where = _port("the sandbox", LOOPBACK, sandbox_port, SANDBOX_PORT, avoid=avoid)
        sandbox = Sandbox(where, home / "sandbox")
    return Plan(
        home=home,
        host=host,
        port=web_port,
        base_url=given.get("BASE_URL", f"http://{LOOPBACK}:{web_port}").rstrip("/"),
        queue=None if "REDIS_URL" in given else _queue(given, home),
        sandbox=sandbox,
    )


def _port(
    what: str,
    host: str,
    wanted: int | None,
    default: int,
    *,
    may_move: bool = True,
    avoid: frozenset[int] = frozenset(),
) -> int:
    if wanted is None and may_move:
        found = ports.first_free(host, default, avoid)
        if found is None:
            raise click.ClickException(f"no port from {default} upwards is free on {host}.")
        if found != default:
            click.echo(f"Port {default} is taken, so {what} will be on {found}.")
        return found
    chosen = wanted or default
    if chosen in avoid or not ports.is_free(host, chosen):
        raise click.ClickException(
            f"port {chosen} on {host} is taken: free it, or choose another for {what}."
        )
    return chosen


def _queue(given: Mapping[str, str], home: Path) -> QueueServer:
    try:
        binary = queue.find_server(given.get("PATH"))
    except queue.NoServerError as error:
        raise click.ClickException(f"{error}.") from None
    return QueueServer(binary, home / "queue", ports.any_free(LOOPBACK), secrets.token_urlsafe(24))


def _run(plan: Plan, given: Mapping[str, str]) -> None:
    made = environment.completed(plan.home, {})
    # Only the secrets outlive a run: yesterday's addresses and sandbox must not leak into today.
    kept = {name: made[name] for name in SECRETS}
    environment.keep_values(plan.home, kept)
    pace = SANDBOX_PACE if plan.sandbox is not None else {}
    values = environment.completed(plan.home, {**pace, **given, **plan.environment()})
    Settings.from_env(values)  # the operator hears of every fault before anything starts
    # Other commands on this machine find the same archive and pace: `doctor`, `tick` and the like.
    environment.keep_values(plan.home, {**kept, **pace, **plan.environment()})
    running = programs(plan.host, plan.port, plan.queue, plan.sandbox)
    output = Output(sys.stdout, [program.name for program in running])
    output.say("Starting ...")
    Supervisor(running, values, ROOT, output).run(lambda: _welcome(plan, output))
    output.say("Stopped.")


def _welcome(plan: Plan, output: Output) -> None:
    output.say("")
    output.say(f"  Audiospective is at  {plan.base_url}")
    if plan.sandbox is not None:
        output.say(f"  Spotify is played by {plan.sandbox.url} (no client id is set)")
    output.say(f"  The archive lies in  {plan.home}")
    output.say("  Ctrl-C stops everything.")
    output.say("")
