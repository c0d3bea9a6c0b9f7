"""How long a 429 silences an app."""

from datetime import UTC, datetime, timedelta

import pytest

from audiospective.policy.failures import Failure
from audiospective.policy.retry_after import pause

NOW = datetime(2026, 3, 14, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("10", 10),
        (" 7 ", 7),
        ("1.5", 1.5),
        ("85771", 85771),
        ("86401", 86400),  # beyond a day is not believed
        ("999999999", 86400),
        ("Sat, 14 Mar 2026 12:01:00 GMT", 60),
        ("Sat, 14 Mar 2026 11:59:00 GMT", 30),  # already over
        (None, 30),
        ("", 30),
        ("0", 30),
        ("-5", 30),
        ("soon", 30),
        ("9" * 400, 86400),  # absurd, but surely no invitation to ask again at once
        ("1234567890", 86400),
        ("Sat, 14 Mar 99999 12:01:00 GMT", 86400),
        ("Sat, 14 Mar 9999 12:01:00 GMT", 86400),
        ("-99999999", 30),
        ("0000000000000007", 7),
        ("0.2", 1),
    ],
)
def test_a_rate_limit_pauses_as_long_as_the_header_says_within_bounds(header, seconds):
    assert pause(Failure.RATE_LIMIT, header, NOW) == timedelta(seconds=seconds)


def test_a_quota_without_a_header_is_asked_again_after_an_hour():
    assert pause(Failure.QUOTA, None, NOW) == timedelta(hours=1)
