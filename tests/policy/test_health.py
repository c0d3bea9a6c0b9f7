"""The one status of an archive, and how complete its months are."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from audiospective.policy import completeness, health
from audiospective.policy.failures import Failure
from audiospective.policy.health import Facts, HealthStatus

NOW = datetime(2026, 3, 14, 12, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
FINE = {"connection": "active", "next_poll_at": NOW + HOUR, "last_success_at": NOW - 10 * MINUTE}
STALE = {**FINE, "last_success_at": NOW - 5 * HOUR}
BLOCKED = {"app_blocked_until": NOW + HOUR}


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"connection": None, "plays": 1}, HealthStatus.IMPORT_ONLY),
        ({"connection": None}, HealthStatus.EMPTY),
        (FINE, HealthStatus.UP_TO_DATE),
        ({**FINE, "last_success_at": None}, HealthStatus.FIRST_POLL),
        ({**FINE, "next_poll_at": NOW - 29 * MINUTE}, HealthStatus.UP_TO_DATE),
        ({**FINE, "next_poll_at": NOW - 31 * MINUTE}, HealthStatus.CATCHING_UP),
        ({**FINE, "connection": "paused"}, HealthStatus.PAUSED),
        ({**FINE, "connection": "disconnected"}, HealthStatus.DISCONNECTED),
        ({**FINE, "connection": "needs_reauth"}, HealthStatus.RECONNECT_NEEDED),
        ({**FINE, "connection": "not_allowed"}, HealthStatus.NOT_LISTED),
        (
            {**FINE, "consecutive_failures": 1, "failure": Failure.AUTH},
            HealthStatus.RECONNECT_NEEDED,
        ),
        # An outage of minutes refuses like this, too, so it is asked again first.
        (
            {**FINE, "consecutive_failures": 1, "failure": Failure.AUTH, "refused_once": True},
            HealthStatus.REFUSED_ONCE,
        ),
        # It is asked again only while checks are made.
        (
            {
                **FINE,
                "connection": "not_allowed",
                "consecutive_failures": 1,
                "failure": Failure.NOT_ALLOWED,
                "refused_once": True,
                "next_poll_at": NOW - 29 * MINUTE,
            },
            HealthStatus.REFUSED_ONCE,
        ),
        *(
            (
                {
                    **FINE,
                    "connection": connection,
                    "consecutive_failures": 1,
                    "failure": failure,
                    "refused_once": True,
                    "next_poll_at": NOW - 31 * MINUTE,
                },
                HealthStatus.CATCHING_UP,
            )
            for connection, failure in (
                ("active", Failure.AUTH),
                ("active", Failure.WITHHELD),
                ("not_allowed", Failure.NOT_ALLOWED),
            )
        ),
        # Reconnecting helps nothing where the app may not read plays, and it is no news after once.
        (
            {**FINE, "consecutive_failures": 1, "failure": Failure.WITHHELD, "refused_once": True},
            HealthStatus.UP_TO_DATE,
        ),
        (
            {**STALE, "consecutive_failures": 1, "failure": Failure.WITHHELD, "refused_once": True},
            HealthStatus.SPOTIFY_SILENT,
        ),
        (
            {**FINE, "consecutive_failures": 2, "failure": Failure.WITHHELD},
            HealthStatus.APP_REFUSED,
        ),
        (
            {
                **STALE,
                "connection": "not_allowed",
                "consecutive_failures": 3,
                "failure": Failure.WITHHELD,
                "refused_once": True,
            },
            HealthStatus.NOT_LISTED,
        ),
        ({**FINE, "connection": "not_allowed", "refused_once": True}, HealthStatus.REFUSED_ONCE),
        (
            {**FINE, **BLOCKED, "app_failure": Failure.APP, "refused_once": True},
            HealthStatus.APP_REFUSED,
        ),
        ({**STALE, "mass_refusal": True, "refused_once": True}, HealthStatus.APP_REFUSED),
        (
            {**FINE, "connection": "needs_reauth", "refused_once": True},
            HealthStatus.RECONNECT_NEEDED,
        ),
        # One time-out after a success ten minutes ago is nothing to report.
        ({**FINE, "consecutive_failures": 1, "failure": Failure.NETWORK}, HealthStatus.UP_TO_DATE),
        (
            {**STALE, "consecutive_failures": 4, "failure": Failure.NETWORK},
            HealthStatus.SPOTIFY_SILENT,
        ),
        (
            {**STALE, "consecutive_failures": 4, "failure": Failure.SILENT},
            HealthStatus.SPOTIFY_SILENT,
        ),
        (
            {**STALE, "consecutive_failures": 4, "failure": Failure.LOCKED},
            HealthStatus.LOCKED,
        ),
        (
            {**STALE, "consecutive_failures": 4, "failure": Failure.UNKNOWN},
            HealthStatus.CATCHING_UP,
        ),
        # Pages that prove nothing are no failures, and do not say that all is saved either.
        ({**STALE, "unusable": 2}, HealthStatus.SPOTIFY_SILENT),
        ({**FINE, "unusable": 1}, HealthStatus.UP_TO_DATE),
        ({**STALE, **BLOCKED, "app_failure": Failure.QUOTA}, HealthStatus.WAITING_FOR_LIMIT),
        ({**STALE, **BLOCKED, "app_failure": None}, HealthStatus.WAITING_FOR_LIMIT),
        ({**FINE, **BLOCKED, "app_failure": Failure.RATE_LIMIT}, HealthStatus.UP_TO_DATE),
        ({**FINE, **BLOCKED, "app_failure": Failure.APP}, HealthStatus.APP_REFUSED),
        ({**STALE, "mass_refusal": True}, HealthStatus.APP_REFUSED),
        (
            {**FINE, **BLOCKED, "app_failure": Failure.APP, "own_app": True},
            HealthStatus.OWN_APP_REFUSED,
        ),
        (
            {**STALE, "consecutive_failures": 4, "failure": Failure.WITHHELD},
            HealthStatus.APP_REFUSED,
        ),
        # A first check that is overdue by hours is not "on its way".
        (
            {**FINE, "last_success_at": None, "next_poll_at": NOW - HOUR},
            HealthStatus.CATCHING_UP,
        ),
        ({**FINE, "own_app": True, "secret_opens": False}, HealthStatus.OWN_APP_UNREADABLE),
        ({**FINE, "own_app": False, "secret_opens": False}, HealthStatus.UP_TO_DATE),
        ({**FINE, "connection": "not_allowed", "own_app": True}, HealthStatus.OWN_APP_NOT_LISTED),
        # What the member must do comes before what they can only wait for.
        ({**STALE, **BLOCKED, "connection": "needs_reauth"}, HealthStatus.RECONNECT_NEEDED),
    ],
)
def test_every_state_has_its_status(facts, expected):
    assert health.status(Facts(**facts), NOW) is expected


def test_months_show_what_is_missing_of_the_time_that_was_lived():
    began = datetime(2026, 2, 1, tzinfo=UTC)
    gaps = [(NOW - 13 * DAY - HOUR, NOW - 13 * DAY + 11 * HOUR), (NOW - 2 * DAY, NOW - DAY)]
    march, february = completeness.months("UTC", began, NOW, gaps)
    assert (march.start, february.start) == (datetime(2026, 3, 1, tzinfo=UTC), began)
    assert (march.gaps, march.longest) == (2, DAY)
    assert (february.gaps, february.share) == (0, 1.0)
    assert march.share == pytest.approx(1 - 36 / (13.5 * 24))


def test_a_hole_over_the_end_of_a_month_counts_in_both():
    began = datetime(2025, 12, 31, 12, tzinfo=UTC)
    new_year = datetime(2026, 1, 1, tzinfo=UTC)
    months = completeness.months("UTC", began, NOW, [(new_year - HOUR, new_year + HOUR)])
    assert [(month.start.month, month.gaps) for month in months] == [
        (3, 0), (2, 0), (1, 1), (12, 1),
    ]  # fmt: skip
    assert months[-1].share == pytest.approx(11 / 12)


def test_months_are_cut_in_the_persons_zone():
    began = datetime(2026, 2, 28, 20, tzinfo=UTC)  # 1 March in Auckland
    (march,) = completeness.months("Pacific/Auckland", began, NOW, [])
    assert march.start == datetime(2026, 2, 28, 11, tzinfo=UTC)
