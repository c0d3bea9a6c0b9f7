"""The one sentence about an archive."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from audiospective.policy import completeness, health
from audiospective.policy.failures import Failure
from audiospective.policy.health import SENTENCES, Sentence, Standing

NOW = datetime(2026, 3, 14, 12, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
FINE = {"status": "active", "next_poll_at": NOW + HOUR, "last_success_at": NOW - 10 * MINUTE}
STALE = {**FINE, "last_success_at": NOW - 5 * HOUR}
BLOCKED = {"app_blocked_until": NOW + HOUR}


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"status": None}, Sentence.IMPORT_ONLY),
        (FINE, Sentence.UP_TO_DATE),
        ({**FINE, "last_success_at": None}, Sentence.FIRST_POLL),
        ({**FINE, "next_poll_at": NOW - 29 * MINUTE}, Sentence.UP_TO_DATE),
        ({**FINE, "next_poll_at": NOW - 31 * MINUTE}, Sentence.CATCHING_UP),
        ({**FINE, "status": "paused"}, Sentence.PAUSED),
        ({**FINE, "status": "disconnected"}, Sentence.DISCONNECTED),
        ({**FINE, "status": "needs_reauth"}, Sentence.RECONNECT_NEEDED),
        ({**FINE, "status": "not_allowed"}, Sentence.NOT_ALLOWED),
        (
            {**FINE, "consecutive_failures": 1, "failure": Failure.AUTH},
            Sentence.RECONNECT_NEEDED,
        ),
        # One time-out after a success ten minutes ago is nothing to report.
        ({**FINE, "consecutive_failures": 1, "failure": Failure.NETWORK}, Sentence.UP_TO_DATE),
        ({**STALE, "consecutive_failures": 4, "failure": Failure.NETWORK}, Sentence.SPOTIFY_SILENT),
        ({**STALE, "consecutive_failures": 4, "failure": Failure.SILENT}, Sentence.SPOTIFY_SILENT),
        ({**STALE, "consecutive_failures": 4, "failure": Failure.UNKNOWN}, Sentence.CATCHING_UP),
        ({**STALE, **BLOCKED, "app_failure": Failure.QUOTA}, Sentence.WAITING_FOR_LIMIT),
        ({**STALE, **BLOCKED, "app_failure": None}, Sentence.WAITING_FOR_LIMIT),
        ({**FINE, **BLOCKED, "app_failure": Failure.RATE_LIMIT}, Sentence.UP_TO_DATE),
        ({**FINE, **BLOCKED, "app_failure": Failure.APP}, Sentence.APP_REFUSED),
        ({**STALE, "mass_refusal": True}, Sentence.APP_REFUSED),
        (
            {**FINE, **BLOCKED, "app_failure": Failure.APP, "own_app": True},
            Sentence.OWN_APP_REFUSED,
        ),
        (
            {**STALE, "consecutive_failures": 4, "failure": Failure.WITHHELD},
            Sentence.APP_REFUSED,
        ),
        # What the person must do comes before what they can only wait for.
        ({**STALE, **BLOCKED, "status": "needs_reauth"}, Sentence.RECONNECT_NEEDED),
    ],
)
def test_every_state_has_its_sentence(facts, expected):
    assert health.sentence(Standing(**facts), NOW) is expected


def test_every_sentence_has_words_and_a_tone():
    assert set(SENTENCES) == set(Sentence)
    assert {health.tone(one) for one in Sentence} == {"good", "wait", "bad"}
    assert health.tone(Sentence.RECONNECT_NEEDED) == "bad"


def test_months_show_what_is_missing_of_the_time_that_was_lived():
    began = datetime(2026, 2, 1, tzinfo=UTC)
    holes = [(NOW - 13 * DAY - HOUR, NOW - 13 * DAY + 11 * HOUR), (NOW - 2 * DAY, NOW - DAY)]
    march, february = completeness.months("UTC", began, NOW, holes)
    assert (march.start, february.start) == (datetime(2026, 3, 1, tzinfo=UTC), began)
    assert (march.holes, march.longest) == (2, DAY)
    assert (february.holes, february.share) == (0, 1.0)
    assert march.share == pytest.approx(1 - 36 / (13.5 * 24))


def test_a_hole_over_the_end_of_a_month_counts_in_both():
    began = datetime(2025, 12, 31, 12, tzinfo=UTC)
    new_year = datetime(2026, 1, 1, tzinfo=UTC)
    months = completeness.months("UTC", began, NOW, [(new_year - HOUR, new_year + HOUR)])
    assert [(month.start.month, month.holes) for month in months] == [
        (3, 0), (2, 0), (1, 1), (12, 1),
    ]  # fmt: skip
    assert months[-1].share == pytest.approx(11 / 12)


def test_months_are_cut_in_the_persons_zone():
    began = datetime(2026, 2, 28, 20, tzinfo=UTC)  # 1 March in Auckland
    (march,) = completeness.months("Pacific/Auckland", began, NOW, [])
    assert march.start == datetime(2026, 2, 28, 11, tzinfo=UTC)
