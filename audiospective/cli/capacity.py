"""`capacity`: what storage takes now, when it will be full, and what a month costs."""

from __future__ import annotations

import click

from audiospective.cli._archive import opened
from audiospective.policy import storage
from audiospective.policy.storage import MB, Forecast, Measured

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
        _forecasts(found, budget)
        _bills(found, capacity.prices())


def _now(found: Measured, budget: int) -> None:
    share = found.size / (budget * MB)
    click.echo(
        f"{found.size / MB:,.1f} MB of {budget:,} MB ({share:.0%}): {found.members:,} members, "
        f"{found.plays:,} plays, {found.plays_per_day:,.0f} new plays a day"
    )
    if level := storage.level(found.size, budget * MB):
        click.echo(f"WARNING: more than {level} % of the budget is used.")


def _by_table(sizes: dict[str, int]) -> None:
    click.echo("\nBytes by table, indexes included")
    for name, size in sorted(sizes.items(), key=lambda one: -one[1]):
        click.echo(f"  {name:<24}{size:>16,}")


def _costs(found: Measured) -> None:
    click.echo("\nWhat things cost, measured here")
    if found.sealed:
        click.echo(f"  a sealed play     {found.sealed_cost:>10.1f} bytes")
    if found.hot:
        click.echo(f"  a play in a row   {found.rows / found.hot:>10.1f} bytes")
    click.echo(f"  the same play, were every play a row {found.row_cost:.1f} bytes")
    if found.members:
        click.echo(
            f"  a member          {(found.size - found.empty) / found.members:>10,.0f} bytes"
        )
    as_rows = found.size - found.segments + found.sealed * found.row_cost
    click.echo(
        f"  rows instead of segments: {as_rows / MB:,.1f} MB, {as_rows / found.size:.1f} times"
        " this database"
    )


def _forecasts(found: Measured, budget: int) -> None:
    click.echo(f"\nWhen {budget:,} MB are full")
    for members in dict.fromkeys((found.members, 1_000)):
        for label, cost in (("", None), (" with rows instead of segments", found.row_cost)):
            ahead = storage.forecast(found, members, budget * MB, play=cost)
            click.echo(f"  {members:,} members{label}: {_when(ahead)}")


def _when(ahead: Forecast) -> str:
    growth = f"{ahead.per_day * storage.DAYS_A_MONTH / MB:,.2f} MB a month"
    if ahead.days is None:
        return f"never, {growth}"
    if ahead.days == 0:
        return f"from the first day (they need {ahead.at_first / MB:,.0f} MB at once)"
    years = ahead.days / 365.25
    return f"in {years:,.1f} years, {growth}" if years >= 1 else f"in {ahead.days:,.0f} days"


def _bills(found: Measured, prices: dict[str, object]) -> None:
    days = float(str(prices["days"]))
    click.echo(f"\nThe bill a month in {prices['currency']}, database after {days:,.0f} days")
    for members in CROWDS:
        size = storage.size_after(found, members, days)
        lines = storage.bill(prices, members, size)
        whole = sum(line.cost for line in lines)
        parts = ", ".join(f"{line.what} {line.cost:,.0f}" for line in lines if line.cost)
        click.echo(
            f"  {members:>7,} members {whole:>9,.0f}  ({whole / members:.3f} each;"
            f" {size / MB:,.0f} MB: {parts or 'nothing'})"
        )
