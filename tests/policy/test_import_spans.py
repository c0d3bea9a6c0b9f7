"""Which time a file covers."""

from __future__ import annotations

from datetime import timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audiospective.policy import import_spans
from audiospective.policy.import_spans import COMPLETE, DAY, OTHERS, ROOM

HOUR = 3_600_000
# Steps from one play to the next: sittings, days, and silences of about either length.
STEPS = st.one_of(
    st.integers(0, 4 * HOUR), st.integers(0, 3 * DAY), st.integers(13 * DAY, 15 * DAY)
)


@pytest.mark.parametrize("silence", [COMPLETE, OTHERS], ids=["complete", "others"])
@given(start=st.integers(-3 * DAY, 3 * DAY), steps=st.lists(STEPS, max_size=40))
def test_the_ends_of_days_make_the_same_spans_as_all_instants(
    silence: timedelta, start: int, steps: list[int]
) -> None:
    instants = [start]
    for step in steps:
        instants.append(instants[-1] + step)
    few = import_spans.ends_of_days(pl.Series(instants, dtype=pl.Int64)).to_list()
    assert import_spans.spans(few, silence) == import_spans.spans(instants, silence)


@pytest.mark.parametrize("silence", [COMPLETE, OTHERS], ids=["complete", "others"])
def test_a_day_is_shorter_than_a_silence_and_has_two_ends(silence: timedelta) -> None:
    assert timedelta(milliseconds=DAY) < silence
    hourly = pl.Series(range(5 * HOUR, 100 * DAY, HOUR), dtype=pl.Int64)
    few = import_spans.ends_of_days(hourly).to_list()
    room = ROOM // timedelta(milliseconds=1)
    assert len(few) == 200
    assert import_spans.spans(few, silence) == [(5 * HOUR - room, 100 * DAY - HOUR + room)]


@pytest.mark.parametrize("sooner", [False, True])
@pytest.mark.parametrize(("days", "many", "counts"), [(10, 1, False), (10, 2, True), (2, 1, True)])
def test_one_row_that_lies_apart_at_an_end_stretches_no_services_own_export(
    sooner: bool, days: int, many: int, counts: bool
) -> None:
    apart = days * DAY
    told = [*range(0, 5 * DAY, HOUR)]
    others = [told[-1] + apart + place for place in range(many)]
    end = others[-1] if counts else told[-1]
    room = ROOM // timedelta(milliseconds=1)
    every, span = [*told, *others], (-room, end + room)
    if sooner:
        every, span = [-at for at in reversed(every)], (-span[1], -span[0])
    assert import_spans.certain(every) == [span]
    assert import_spans.certain(import_spans.ends_of_days(pl.Series(every)).to_list()) == [span]


@pytest.mark.parametrize("sooner", [False, True])
def test_a_row_that_lies_apart_and_is_told_twice_stretches_no_export_either(sooner: bool) -> None:
    told = [*range(0, 5 * DAY, HOUR)]
    apart = [told[-1] + 10 * DAY] * 2
    room = ROOM // timedelta(milliseconds=1)
    every, span = [*told, *apart], (-room, told[-1] + room)
    if sooner:
        every, span = [-at for at in reversed(every)], (-span[1], -span[0])
    assert import_spans.certain(every) == [span]
    assert import_spans.certain(import_spans.ends_of_days(pl.Series(every)).to_list()) == [span]


def test_without_instants_there_is_no_day() -> None:
    assert import_spans.ends_of_days(pl.Series([], dtype=pl.Int64)).to_list() == []


@pytest.mark.parametrize(
    ("told", "last"),
    [
        ([5], 5),
        ([0, HOUR], HOUR),
        ([0, HOUR, 30 * DAY], HOUR),  # its date may be wrong
        ([0, HOUR, 30 * DAY, 30 * DAY + HOUR], 30 * DAY + HOUR),
        ([0, 30 * DAY], 30 * DAY),
    ],
)
@pytest.mark.parametrize("silence", [COMPLETE, OTHERS], ids=["complete", "others"])
def test_one_row_that_lies_apart_says_nothing_of_when_a_file_was_made(
    told: list[int], last: int, silence: timedelta
) -> None:
    assert import_spans.last_row(import_spans.spans(told, silence)) == last
