"""`simulate`: months of an instance with members and faults in minutes, judged by an oracle."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from time import process_time
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from audiospective.simulation.run import Result


STOPPED = 130  # as a shell says it of whoever was interrupted


@contextmanager
def _asked_to_stop() -> Iterator[Callable[[], bool]]:
    """Whether a signal came that asks a process to end; it no longer does so by itself."""
    came: list[int] = []
    signs = (signal.SIGINT, signal.SIGTERM)
    before = {sign: signal.signal(sign, lambda number, _: came.append(number)) for sign in signs}
    try:
        yield lambda: bool(came)
    finally:
        for sign, handler in before.items():
            signal.signal(sign, handler)


def _tell(result: Result) -> None:
    found = result.balance
    click.echo(
        f"day {result.days}: {found.polls} polls, {found.plays} plays, {process_time():.0f} s",
        err=True,
    )


def _lists(what: str, asked: str | None, known: Mapping[str, object]) -> bool:
    """Whether a list was asked for, which is printed; raises BadParameter for an unknown name."""
    if asked == "list":
        for name, one in known.items():
            click.echo(f"{name}: {one.__doc__}")
    elif asked is not None and asked not in known:
        raise click.BadParameter(f"there is no {what} {asked}; see --{what} list")
    return asked == "list"


@click.command()
@click.option("--members", default=40, show_default=True, type=click.IntRange(1, 5000))
@click.option("--days", default=14, show_default=True, type=click.IntRange(1, 4000))
@click.option("--seed", default=0, show_default=True, help="The same seed gives the same run.")
@click.option("--seeds", default=1, show_default=True, help="So many seeds, from --seed on.")
@click.option(
    "--faults",
    default="heavy",
    show_default=True,
    type=click.Choice(["none", "light", "heavy"]),
)
@click.option(
    "--scene",
    help="A small world of one shape of trouble instead; `--scene list` names them.",
)
@click.option("--mutant", help="Switch one safety off; `--mutant list` names them.")
@click.option("--progress", is_flag=True, help="A line for each day, on standard error.")
@click.option(
    "--database",
    "url",
    help="An EMPTY database (postgres://...); without it a SQLite file that is gone afterwards.",
)
def command(
    members: int,
    days: int,
    seed: int,
    seeds: int,
    faults: str,
    scene: str | None,
    mutant: str | None,
    progress: bool,
    url: str | None,
) -> None:
    """Let members listen for days under faults, and compare the archive with what really was.

    Ends with 1 and the shortest failing beginning if a play is lost without a gap, stored twice,
    or anything else is wrong. A mutant has to be found, so with one it ends with 1 if it is not.
    Ctrl-C ends a run between two steps, with what it came to until then.
    """
    from audiospective.simulation import mutants, report, scenes
    from audiospective.simulation.run import Plan, shortest, simulate

    if _lists("mutant", mutant, mutants.MUTANTS) or _lists("scene", scene, scenes.SCENES):
        return
    if scene is not None:
        members, days, faults = scenes.MEMBERS.get(scene, 1), scenes.DAYS, "none"
    failed = 0
    for one in range(seed, seed + seeds):
        plan = Plan(members, days, one, faults, mutant, url, scene)
        with _asked_to_stop() as stop:
            result = simulate(plan, stop, _tell if progress else lambda _: None)
        if result.wrong:
            failed += 1
            click.echo("\n".join(report.failure(result)))
            if mutant is None and url is None and not result.stopped:
                click.echo("The same run, with the whole archive read after every step of its end:")
                click.echo("\n".join(report.failure(shortest(result))))
        else:
            click.echo("\n".join(report.figures(result)))
        if result.stopped:
            sys.exit(1 if result.wrong else STOPPED)
        if mutant is not None and failed:
            click.echo(f"The mutant {mutant} is noticed.")
            return
    if bool(failed) != (mutant is not None):
        sys.exit(1)
