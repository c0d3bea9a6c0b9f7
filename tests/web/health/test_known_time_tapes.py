"""Time as tapes: where strokes and gaps stand, and how much is called known."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from audiospective.policy import completeness
from audiospective.web.charts import tape
from audiospective.web.health import words

START = datetime(2026, 11, 1, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
END = START + 10 * DAY


def test_hours_in_a_row_are_one_stroke_and_each_follows_the_last() -> None:
    assert tape.of(START, END, {3, 4, 5, 9}, [], now=END).heard == "M3 10h3m3 0h1"
    assert tape.of(START, END, (), [], now=END).heard == ""


@pytest.mark.parametrize(
    ("gap", "path"),
    [
        ((START + 24 * HOUR, START + 48 * HOUR), "M24 0h24v20h-24z"),
        ((START - DAY, START + 12 * HOUR), "M0 0h12v20h-12z"),
        ((START + HOUR, START + HOUR * 1.5), "M1 0h5v20h-5z"),  # wide enough to be seen
        ((START + 119.5 * HOUR, END), "M115 0h5v20h-5z"),  # and inside what has been lived
        ((END, END + DAY), ""),
        ((START + 121 * HOUR, END), ""),  # ahead of now
    ],
)
def test_what_is_not_known_is_drawn_where_it_lies(gap, path) -> None:
    assert tape.of(START, END, (), [gap], now=START + 5 * DAY).unknown == path


def test_nothing_is_claimed_of_the_time_before_checks_and_of_the_time_to_come() -> None:
    drawn = tape.of(START, END, (), [], now=START + 5 * DAY, began=START + DAY, width=744)
    assert (drawn.since, drawn.lived, drawn.began, drawn.width) == (24, 96, 24, 744)
    before = tape.of(START, END, (), [], now=END, began=END + DAY)
    assert (before.lived, before.began) == (0, None)


@pytest.mark.parametrize(
    ("gaps", "share"),
    [
        ([], 1),
        ([(START, START + DAY)], 0.9),
        ([(START - DAY, START + DAY), (END - DAY, END + DAY)], 0.8),
        ([(START, END)], 0),
    ],
)
def test_the_share_that_is_known_counts_time(gaps, share) -> None:
    assert completeness.share(START, END, gaps) == pytest.approx(share)


def test_no_time_at_all_is_known_in_full() -> None:
    assert completeness.share(START, START, []) == 1


@pytest.mark.parametrize(
    ("share", "said"),
    [
        (1, "100 %"),
        (0.99999, "99.9 %"),
        (0.9, "90 %"),
        (0.99158, "99.1 %"),
        (0.00001, "0.1 %"),
        (0, "0 %"),
    ],
)
def test_a_share_is_never_rounded_to_all_or_nothing(share, said) -> None:
    assert words.percent(share) == said
