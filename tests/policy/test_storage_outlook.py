"""The line of a forecast begins today, meets the budget on the named day, and has a band."""

from __future__ import annotations

import pytest

from audiospective.policy import storage_outlook as forecast
from audiospective.policy.storage_forecast import YEAR, after, full_in
from tests.policy.test_storage_forecast import HERE, MB


@pytest.mark.parametrize("budget", [512, 5_000, 10_000_000])
def test_the_line_ahead_begins_today_and_goes_past_the_day_that_is_named(budget: int) -> None:
    here = HERE
    step, points = forecast.ahead(here, 1_000, budget * MB, storage=False)
    assert points[0] == after(here, 1_000, 0, storage=False).total
    assert list(points) == sorted(points)
    days = full_in(here, 1_000, budget * MB, storage=False)
    reached = forecast.reached(points, step, budget * MB)
    if days is None:
        assert reached is None
        assert step * (len(points) - 1) == pytest.approx(5 * YEAR)
    else:
        assert reached == pytest.approx(days, abs=max(2.0, step / 5))
        assert step * (len(points) - 1) >= days


@pytest.mark.parametrize(
    ("points", "budget", "days"),
    [
        ((100, 200, 300), 100, 0), ((100, 200, 300), 150, 5), ((100, 200, 300), 300, 20),
        ((100, 200, 300), 301, None), ((100, 100, 100), 90, 0), ((100,), 50, None),
    ],
)  # fmt: skip
def test_where_a_line_reaches_a_budget(
    points: tuple[float, ...], budget: float, days: float | None
) -> None:
    assert forecast.reached(points, 10, budget) == days


def test_the_band_is_a_third_of_the_growth_to_either_side() -> None:
    least, most = forecast.band((100, 130, 190))
    assert least == pytest.approx((100, 120, 160))
    assert most == pytest.approx((100, 140, 220))
