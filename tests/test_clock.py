"""Instants are whole milliseconds of UTC, exactly."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audiospective import clock, models
from audiospective.models.base import read_clock


@given(st.integers(-62_135_596_800_000, 253_402_300_799_999))
def test_milliseconds_survive_the_way_there_and_back(ms):
    assert clock.to_ms(clock.from_ms(ms)) == ms


def test_a_zone_does_not_move_an_instant():
    noon = datetime(2026, 3, 14, 12, tzinfo=UTC)
    assert clock.to_ms(noon) == clock.to_ms(noon.astimezone(timezone(timedelta(hours=-8))))


def test_now_knows_its_zone():
    assert clock.now().utcoffset() == timedelta(0)


def test_virtual_time_is_the_databases_time_too(database, frozen):
    assert read_clock() == clock.now() == frozen.now


def test_the_databases_clock_is_utc_whatever_its_session_says(database):
    assert abs(read_clock() - clock.now()) < timedelta(minutes=5)


def test_an_instant_comes_back_from_a_row_as_it_went_in(database, frozen):
    kept = models.User.create(minute_offset=0, session_key="k", created_at=frozen.now)
    found = models.User.get_by_id(kept.id).created_at
    assert found == frozen.now.replace(microsecond=535_000)
    assert found.tzinfo is not None


@pytest.mark.parametrize("value", ["12", datetime(2026, 1, 1)])  # noqa: DTZ001
def test_what_is_no_instant_is_refused(value):
    with pytest.raises(TypeError):
        clock.to_ms(value)
