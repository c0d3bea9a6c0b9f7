"""The forecast holds nothing constant that grows, and says when a budget is full."""

from __future__ import annotations

from dataclasses import replace

import pytest

from audiospective.policy import storage_forecast as forecast
from audiospective.policy.catalog_growth import PUBLISHED
from audiospective.policy.storage_forecast import Day, Shape, advice, after, full_in

MB = 1_000_000.0
YEAR = forecast.YEAR
# 1,000 members with a year behind them, on PostgreSQL.
HERE = Shape(
    members=1_000, plays=10_957_500, years=1.0, rate=30, empty=9e6, row=230, rows=150,
    segment=5_000, play=8.9, names=0, track=100, curve=PUBLISHED, other=8_000, other_a_day=0,
)  # fmt: skip


def test_every_part_grows_with_time() -> None:
    now, later = after(HERE, 1_000, 0, storage=False), after(HERE, 1_000, YEAR, storage=False)
    assert later.years == pytest.approx(2 * now.years, rel=0.02)
    assert later.catalog == pytest.approx(now.catalog * 2**0.65, rel=0.001)
    assert later.rows == now.rows
    assert later.total > now.total


def test_what_else_grows_goes_on_growing() -> None:
    growing = replace(HERE, other_a_day=10)
    more = (
        after(growing, 1_000, 100, storage=False).other
        - after(HERE, 1_000, 100, storage=False).other
    )
    assert more == 1_000 * 10 * 100


def test_storage_keeps_closed_years_out() -> None:
    inside = after(HERE, 1_000, 9 * YEAR, storage=False)
    outside = after(HERE, 1_000, 9 * YEAR, storage=True)
    assert outside.years < inside.years / 7
    assert outside.catalog == inside.catalog
    days, longer = (full_in(HERE, 1_000, 512 * MB, storage=moves) for moves in (False, True))
    assert days is not None
    assert longer is not None
    assert longer > 3 * days


def test_a_crowd_begins_anew_and_is_never_judged_by_a_few() -> None:
    one = replace(HERE, members=1, plays=10_000, curve=PUBLISHED.through(10_000, 200))
    crowd = after(one, 1_000, YEAR, storage=False)
    assert crowd.catalog == pytest.approx(PUBLISHED.tracks(1_000 * 30 * YEAR) * 100)


def test_imports_are_there_on_the_first_day() -> None:
    brought = replace(HERE, brought=100_000)
    assert full_in(brought, 2_000, 512 * MB, storage=False) == 0
    assert after(brought, 2_000, 0, storage=False).years > 2_000 * 100_000 * 8.9


@pytest.mark.parametrize("members", [100, 1_000, 10_000, 100_000])
@pytest.mark.parametrize("storage", [False, True])
def test_the_day_is_the_last_one_below_the_budget(members: int, storage: bool) -> None:
    budget = 400 * MB
    days = full_in(HERE, members, budget, storage=storage)
    if days is None:
        assert after(HERE, members, forecast.HORIZON, storage=storage).total < budget
    elif days == 0:
        assert after(HERE, members, 0, storage=storage).total >= budget
    else:
        assert after(HERE, members, days, storage=storage).total <= budget
        assert after(HERE, members, days + 2, storage=storage).total > budget


def test_more_members_are_full_sooner() -> None:
    days = [full_in(HERE, crowd, 400 * MB, storage=False) or 0 for crowd in (100, 1_000, 10_000)]
    assert days == sorted(days, reverse=True)


def test_what_to_turn_depends_on_what_is_large() -> None:
    full = after(HERE, 1_000, 3 * YEAR, storage=False)
    assert "STORAGE_URL" in advice(full, storage=False)
    assert "larger database plan" in advice(full, storage=True)
    assert "sealing" in advice(replace(full, rows=full.total), storage=True)


def line(day: float, plays: int, tracks: int, years: float, other: float, names: float) -> Day:
    """A day of ten members."""
    return Day(day, 10, plays + 1_500, plays, tracks, years, names, other)


def shaped(*days: Day, count: int) -> Shape:
    return forecast.shape(days, empty=1e6, rate=None, row=230, segments=count)


def test_before_anything_is_measured_published_figures_count() -> None:
    new = shaped(Day(0, 0, 0, 0, 0, 0, 0, 0), count=0)
    assert (new.rate, new.track, new.segment, new.play) == (30, 110, 5_000, 8.7)
    assert new.curve == PUBLISHED


def test_what_is_measured_today_replaces_them() -> None:
    size = 2 * (20 * 5_000 + 100_000 * 8.7)
    here = shaped(line(0, 100_000, 40_000, size, 50_000, 40_000 * 96), count=20)
    assert (here.track, here.names) == (96, 0)
    assert (here.play, here.segment) == (pytest.approx(17.4), pytest.approx(10_000))
    assert (here.years, here.rows) == (2, 150)


def test_what_the_ledger_saw_growing_says_what_one_more_takes() -> None:
    days = [
        line(10 * n, n * 10_000, n * 4_000, 60_000 + n * 10_000 * 7, 50_000 + 900 * n,
             200_000 + n * 4_000 * 90)
        for n in range(1, 13)
    ]  # fmt: skip
    here = shaped(*days, count=10)
    assert (here.play, here.segment) == (pytest.approx(7), pytest.approx(6_000))
    assert (here.track, here.names) == (pytest.approx(90), pytest.approx(200_000))
    assert here.other_a_day == pytest.approx(900 / 10 / 10)
