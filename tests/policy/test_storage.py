"""When a budget is full, when to warn, and what a month costs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from audiospective.operations import capacity
from audiospective.policy import storage
from audiospective.policy.storage import MB, Measured

SMALL = Measured(
    size=21 * MB,
    empty=1 * MB,
    rows=2 * MB,
    segments=10 * MB,
    hot=20_000,
    sealed=1_000_000,
    members=100,
    plays_per_day=3_000,
    row_cost=100,
)


@pytest.mark.parametrize(
    ("size", "level"), [(0, 0), (499, 0), (500, 50), (799, 50), (800, 80), (950, 95), (2_000, 95)]
)
def test_warnings_come_at_three_marks(size: int, level: int) -> None:
    assert storage.level(size, 1_000) == level


def test_costs_are_what_was_measured() -> None:
    assert (SMALL.plays, SMALL.rate, SMALL.sealed_cost) == (1_020_000, 30, 10)
    assert SMALL.upkeep == 100_000


def test_today_grows_by_sealed_plays() -> None:
    ahead = storage.forecast(SMALL, 100, 51 * MB)
    assert ahead.at_first == 21 * MB
    assert ahead.per_day == 30_000
    assert ahead.days == 1_000


def test_more_members_bring_their_own_tables() -> None:
    ahead = storage.forecast(SMALL, 1_000, 512 * MB)
    assert ahead.at_first == 101 * MB
    assert ahead.days == pytest.approx(411 / 0.3)


def test_rows_instead_of_segments_fill_it_ten_times_as_fast() -> None:
    ahead = storage.forecast(SMALL, 1_000, 512 * MB, play=100)
    assert ahead.days == pytest.approx(411 / 3)


def test_a_budget_that_is_full_already_is_said_so() -> None:
    assert storage.forecast(SMALL, 1_000, 50 * MB).days == 0


def test_nobody_fills_nothing() -> None:
    nobody = Measured(1 * MB, 1 * MB, 0, 0, 0, 0, 0, 0, 100)
    assert storage.forecast(nobody, 0, 512 * MB).days is None
    ahead = storage.forecast(nobody, 1_000, 512 * MB)
    assert ahead.per_day == 1_000 * storage.PLAYS_A_DAY * 12
    assert ahead.days is not None
    assert ahead.days > 365


PRICES: dict[str, Any] = {
    "emails_per_member": 1,
    "stored_mb_per_member": 10,
    "process": {"web": {"members": 100, "price": 7}},
    "database": [{"name": "s", "gb": 1, "price": 5}, {"name": "l", "gb": 10, "price": 20}],
    "redis": [{"name": "r", "members": 50, "price": 3}],
    "emails": [{"name": "free", "emails": 100, "price": 0}],
    "storage": {"free_gb": 1, "price_per_gb": 2},
}


@pytest.mark.parametrize(
    ("members", "size", "cost"),
    [
        (50, 0, 5 + 3 + 7),
        (101, 2_000 * MB, 20 + 3 * 3 + 2 * 7 + 0.02),
        (200, 25_000 * MB, 3 * 20 + 4 * 3 + 2 * 7 + 2),
    ],
)
def test_a_bill_takes_the_cheapest_plans_that_hold(members: int, size: float, cost: float) -> None:
    assert sum(line.cost for line in storage.bill(PRICES, members, size)) == pytest.approx(cost)


def test_the_price_table_of_the_package_can_be_used() -> None:
    prices = capacity.prices()
    costs = [
        sum(
            line.cost for line in storage.bill(prices, crowd, storage.size_after(SMALL, crowd, 365))
        )
        for crowd in (100, 1_000, 10_000, 100_000)
    ]
    assert costs == sorted(costs)
    assert replace(SMALL, members=0).rate == storage.PLAYS_A_DAY
