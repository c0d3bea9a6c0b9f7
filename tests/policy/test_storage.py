"""When a budget is full, when to warn, and what a month costs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from audiospective.operations import capacity
from audiospective.policy import bill, storage
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


def test_the_rate_is_what_was_measured_or_the_usual_one() -> None:
    assert (SMALL.plays, SMALL.rate) == (1_020_000, 30)
    assert replace(SMALL, members=0).rate == storage.PLAYS_A_DAY
    assert SMALL.other == 8 * MB
    assert replace(SMALL, catalog=9 * MB).other == 0


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
    assert sum(line.cost for line in bill.bill(PRICES, members, size)) == pytest.approx(cost)


def test_the_price_table_of_the_package_can_be_used() -> None:
    prices = capacity.prices()
    crowds = (100, 1_000, 10_000, 100_000)
    costs = [
        sum(line.cost for line in bill.bill(prices, crowd, crowd * 400_000)) for crowd in crowds
    ]
    assert costs == sorted(costs)
