"""How long an access token is taken to live."""

import pytest

from audiospective.policy.token_answer import lifetime


@pytest.mark.parametrize(
    ("told", "seconds"),
    [
        (3600, 3600),
        ("3600", 3600),
        (3600.0, 3600),
        ("1800.5", 1800),
        (None, 3600),
        ("", 3600),
        ("soon", 3600),
        ([], 3600),
        ({}, 3600),
        (True, 3600),
        ("nan", 3600),
        (0, 0),
        (-5, 0),
        (10**400, 3600),
        ("inf", 24 * 3600),
        (10**9, 24 * 3600),
    ],
)
def test_an_odd_expires_in_is_an_hour_at_most_and_never_a_failure(told, seconds):
    assert lifetime(told) == seconds
