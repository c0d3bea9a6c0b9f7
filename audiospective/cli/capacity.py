"""`capacity`: what storage takes now, when it will be full, and what a month costs."""

from __future__ import annotations

from datetime import timedelta

import click

from audiospective import clock
from audiospective.cli._archive import opened
from audiospective.policy.bill import bill
from audiospective.policy.storage import MB, Measured
from audiospective.policy.storage import level as level_of
from audiospective.policy.storage_forecast import YEAR, Shape, advice, after, full_in

CROWDS = (100, 1_000, 10_000, 100_000)


@click.command()
def command() -> None:
    """Measure this database and forecast when STORAGE_BUDGET_MB is reached, and the bill.

    Prices come from the small table audiospective/operations/prices.toml, made to be edited.
    """
    from audiospective.models.sizes import tables
    from audiospective.operations import capacity

    with opened() as services:
        found = capacity.measure()
        budget = services.settings.storage_budget_mb
        _now(found, budget)
        _by_table(tables())
        _costs(found)
        here, moves = capacity.shape(found), services.settings.keeps_closed_years_in_storage
        _parts(found, here)
        _forecasts(found, here, budget, moves=moves)
        _bills(here, capacity.prices(), moves=moves)


def _now(found: Measured, budget: int) -> None:
    share = found.size / (budget * MB)
    click.echo(
        f"{found.size / MB:,.1f} MB of {budget:,} MB ({share:.0%}): {found.members:,} members, "
        f"{found.plays:,} plays, {found.plays_per_day:,.0f} new plays a day"
    )
    if level := level_of(found.size, budget * MB):
        click.echo(f"WARNING: more than {level} % of the budget is used.")


def _by_table(sizes: dict[str, int]) -> None:
    click.echo("\nBytes by table, indexes included")
    for name, size in sorted(sizes.items(), key=lambda one: -one[1]):
        click.echo(f"  {name:<24}{size:>16,}")


def _costs(found: Measured) -> None:
    click.echo("\nWhat things cost, measured here")
    if found.sealed:
        click.echo(
            f"  a sealed play     {(found.segments + found.away) / found.sealed:>10.1f} bytes"
        )
    if found.hot:
        click.echo(f"  a play in a row   {found.rows / found.hot:>10.1f} bytes")
    click.echo(f"  the same play, were every play a row {found.row_cost:.1f} bytes")
    if found.members:
        click.echo(
            f"  a member          {(found.size - found.empty) / found.members:>10,.0f} bytes"
        )
    if found.tracks:
        click.echo(
            f"  a track           {found.catalog / found.tracks:>10.1f} bytes"
            f" ({found.tracks:,} tracks, {found.plays / found.tracks:.1f} plays each)"
        )
    if found.away:
        click.echo(f"  closed years in storage {found.away / MB:,.1f} MB")
    as_rows = found.size - found.segments + found.sealed * found.row_cost
    click.echo(
        f"  rows instead of segments: {as_rows / MB:,.1f} MB, {as_rows / found.size:.1f} times"
        " this database"
    )


def _forecasts(found: Measured, here: Shape, budget: int, *, moves: bool) -> None:
    click.echo(
        f"\nThe catalog grows as plays to the power of {here.curve.exponent:.2f};"
        f" a track takes {here.track:.0f} bytes, a year {here.segment:,.0f} and"
        f" {here.play:.1f} a play"
    )
    click.echo(f"\nWhen {budget:,} MB are full, at {here.rate:,.0f} plays a day each")
    for members in dict.fromkeys((found.members or 1, *CROWDS)):
        for storage in (False, True):
            where = "closed years in storage" if storage else "all in the database"
            days = full_in(here, members, budget * MB, storage=storage)
            line = f"  {members:>7,} members, {where:<24}{_when(days)}"
            if days and members == found.members and storage == moves:
                full = after(here, members, days, storage=storage)
                line += f"\n          then: {advice(full, storage=storage)}"
            click.echo(line)


def _when(days: float | None) -> str:
    if days is None:
        return "never"
    if days == 0:
        return "from the first day"
    at = clock.now() + timedelta(days=days)
    return f"in {days / YEAR:,.1f} years, {at:%B %Y}" if days < 50 * YEAR else "in over 50 years"


def _parts(found: Measured, here: Shape) -> None:
    click.echo("\nMB by part            years      rows   catalog     other     total")
    members = found.members or 1
    for label, days in (("today", 0.0), ("in a year", YEAR), ("in 3 years", 3 * YEAR)):
        parts = after(here, members, days, storage=False)
        sizes = (parts.years, parts.rows, parts.catalog, parts.other, parts.total)
        click.echo(f"  {label:<16}" + "".join(f"{size / MB:>10,.1f}" for size in sizes))


def _bills(here: Shape, prices: dict[str, object], *, moves: bool) -> None:
    days = float(str(prices["days"]))
    click.echo(f"\nThe bill a month in {prices['currency']}, database after {days:,.0f} days")
    for members in CROWDS:
        size = after(here, members, days, storage=moves).total
        lines = bill(prices, members, size)
        whole = sum(line.cost for line in lines)
        parts = ", ".join(f"{line.what} {line.cost:,.0f}" for line in lines if line.cost)
        click.echo(
            f"  {members:>7,} members {whole:>9,.0f}  ({whole / members:.3f} each;"
            f" {size / MB:,.0f} MB: {parts or 'nothing'})"
        )
