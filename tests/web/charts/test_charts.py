"""Charts: each value has its place, and what is not known is drawn as such."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audiospective.web.charts import bars, heatmap, outlook, ring, spark, week_hours

FIRST = date(2026, 1, 1)  # a Thursday
days_of_a_year = st.dictionaries(
    st.integers(0, 400).map(lambda n: FIRST + timedelta(days=n)), st.integers(0, 300), max_size=60
)


@given(days_of_a_year, st.sets(st.integers(0, 400)), st.sampled_from([1, 6, 7]))
def test_each_day_has_one_cell_in_the_row_of_its_weekday(
    days: dict[date, int], not_known: set[int], week_start: int
) -> None:
    unknown = {FIRST + timedelta(days=n) for n in not_known}
    last = FIRST + timedelta(days=400)
    chart = heatmap.of(days, FIRST, last, unknown=unknown, week_start=week_start)
    assert len(chart.cells) == 401
    assert len({(cell.x, cell.y) for cell in chart.cells}) == 401
    for n, cell in enumerate(chart.cells):
        day = FIRST + timedelta(days=n)
        assert (cell.y - heatmap.TOP) // heatmap.PITCH == (day.isoweekday() - week_start) % 7
        value = days.get(day, 0)
        if value:
            assert 1 <= cell.step <= 4
        else:
            assert cell.step == (-1 if day in unknown else 0)
    drawn = [(days.get(FIRST + timedelta(days=n), 0), c.step) for n, c in enumerate(chart.cells)]
    steps = [step for value, step in sorted(drawn) if value]
    assert steps == sorted(steps), "more plays are never drawn lighter"
    assert set(steps) <= {step for step, _ in chart.legend}


def test_a_heatmap_says_what_its_steps_mean() -> None:
    days = {FIRST + timedelta(days=n): n for n in range(1, 101)}
    chart = heatmap.of(days, FIRST, FIRST + timedelta(days=101), unknown=[FIRST])
    assert chart.legend == (
        (0, "none"), (1, "to 26"), (2, "to 51"), (3, "to 76"), (4, "over 76"), (-1, "not known"),
    )  # fmt: skip
    assert chart.cells[0].title == "1 January 2026: not known"
    assert chart.rows[0] == ("January 2026", "465", 1)
    assert heatmap.of({FIRST: 3}, FIRST, FIRST).legend == ((0, "none"), (1, "some"))
    assert heatmap.of({}, FIRST, FIRST).cells[0].step == 0


def test_bars_are_as_high_as_their_values() -> None:
    chart = bars.of([("a", 5), ("b", 10), ("c", 0)], unknown=[2], compare=[10, 0, 5])
    assert re.findall(r"v([\d.]+)", chart.bars + chart.peak) == ["50", "100"]
    assert chart.unknown.startswith("M20 0")
    assert chart.hatched == ((66.667, 33.333),)
    assert chart.rows == (("a", "5"), ("b", "10"), ("c", "0 (not known in full)"))
    assert bars.of([]).peak == ""
    in_a_row = bars.of([(str(n), n) for n in range(10)], unknown=[1, 2, 5])
    assert in_a_row.hatched == ((10, 20), (50, 10))
    assert sum(shown for _, shown in bars.of([(str(n), n) for n in range(365)]).labels) <= 13


@pytest.mark.parametrize("hours", [[0] * 24, [1] * 24, [*range(24)]])
def test_the_clock_names_its_loudest_hour(hours: list[int]) -> None:
    chart = ring.of(hours)
    assert chart.peak == (hours.index(max(hours)) if any(hours) else None)
    assert chart.segments.count("z") + chart.loudest.count("z") == sum(map(bool, hours))
    assert len(chart.rows) == 24


def test_weekdays_begin_where_the_members_week_does() -> None:
    grid = [[day * 24 + hour for hour in range(24)] for day in range(7)]
    chart = week_hours.of(grid, week_start=7)
    assert chart.days[0] == "Sunday"
    assert chart.rows[0][1][0] == "144"
    assert sum(ink.count("z") for ink in chart.inks) == 168


def test_a_spark_fits_its_box() -> None:
    assert spark.of([]).line == ""
    assert spark.of([1, 3, 2]).line == "M0.0 15.7L50.0 1.0L100.0 8.3"


def test_an_outlook_holds_its_line_its_band_and_its_limit() -> None:
    likely = [(10.0, 50.0), (20.0, 100.0)]
    chart = outlook.of(
        [(0.0, 40.0)], likely, [(10.0, 50.0), (20.0, 80.0)], [(10.0, 50.0), (20.0, 120.0)], 60.0
    )
    top, bottom = outlook.TOP, outlook.HEIGHT
    places = [float(one) for one in re.findall(r"[0-9.]+", chart.band)]
    assert max(places[::2]) == outlook.WIDTH
    assert (min(places[1::2]), max(places[1::2]) <= bottom) == (top, True)
    assert chart.now == outlook.WIDTH / 2
    assert chart.limit == pytest.approx((top + bottom) / 2)  # half of 120, the highest
    assert (
        chart.past
        == f"M0.0 {bottom - (bottom - top) / 3:.1f}L300.0 {bottom - (bottom - top) * 50 / 120:.1f}"
    )
