"""Six calendar months, whatever the months are like."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audiospective.policy.renewal import reauth_due


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)


@pytest.mark.parametrize(
    ("authorized", "due"),
    [
        (utc(2026, 1, 15, 8, 30), utc(2026, 7, 15, 8, 30)),
        (utc(2026, 6, 30), utc(2026, 12, 30)),
        (utc(2026, 7, 1), utc(2027, 1, 1)),
        (utc(2026, 12, 31), utc(2027, 6, 30)),
        (utc(2026, 8, 31), utc(2027, 2, 28)),
        (utc(2027, 8, 30), utc(2028, 2, 29)),
        (utc(2028, 2, 29), utc(2028, 8, 29)),
    ],
)
def test_a_consent_ends_on_the_same_day_half_a_year_later(
    authorized: datetime, due: datetime
) -> None:
    assert reauth_due(authorized) == due


@given(st.integers(0, 4_000_000_000))
def test_half_a_year_is_between_181_and_184_days(seconds: int) -> None:
    authorized = datetime.fromtimestamp(seconds, UTC)
    assert 181 <= (reauth_due(authorized) - authorized).days <= 184
