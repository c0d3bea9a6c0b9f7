"""`simulate`: months of an instance with members and faults in minutes, judged by an oracle."""

from __future__ import annotations

import sys

import click


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
    url: str | None,
) -> None:
    """Let members listen for days under faults, and compare the archive with what really was.

    Ends with 1 and the shortest failing beginning if a play is lost without a gap, stored twice,
    or anything else is wrong. A mutant has to be found, so with one it ends with 1 if it is not.
    """
    from audiospective.simulation import mutants, report, scenes
    from audiospective.simulation.run import Plan, shortest, simulate

    for what, asked, known in (
        ("mutant", mutant, mutants.MUTANTS),
        ("scene", scene, scenes.SCENES),
    ):
        if asked == "list":
            for name, said in known.items():
                click.echo(f"{name}: {said.__doc__}")
            return
        if asked is not None and asked not in known:
            raise click.BadParameter(f"there is no {what} {asked}; see --{what} list")
    if scene is not None:
        members, days, faults = scenes.MEMBERS.get(scene, 1), scenes.DAYS, "none"
    failed = 0
    for one in range(seed, seed + seeds):
        result = simulate(Plan(members, days, one, faults, mutant, url, scene))
        if result.wrong:
            failed += 1
            result = shortest(result) if mutant is None and url is None else result
            click.echo("\n".join(report.failure(result)))
        else:
            click.echo("\n".join(report.figures(result)))
        if mutant is not None and failed:
            click.echo(f"The mutant {mutant} is noticed.")
            return
    if bool(failed) != (mutant is not None):
        sys.exit(1)
