"""What the whole server is said to be doing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from audiospective.policy import service_status
from audiospective.policy.service_status import ServiceFacts, ServiceState

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({}, ServiceState.RUNNING),
        ({"most_overdue": 30 * MINUTE}, ServiceState.RUNNING),
        ({"most_overdue": 31 * MINUTE}, ServiceState.LATE),
        ({"blocked_until": NOW + MINUTE}, ServiceState.RUNNING),
        ({"blocked_until": NOW + 31 * MINUTE}, ServiceState.LIMITED),
        ({"outage": True, "most_overdue": 90 * MINUTE}, ServiceState.SPOTIFY_SILENT),
        ({"outage": True, "app_refused": True}, ServiceState.APP_REFUSED),
    ],
)
def test_the_worst_that_applies_is_told(facts, expected) -> None:
    assert service_status.state(ServiceFacts(**facts), NOW) is expected


def test_every_state_has_words() -> None:
    assert set(service_status.WORDS) == set(ServiceState)
