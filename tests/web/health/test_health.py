"""The health page."""

from __future__ import annotations

from datetime import timedelta

import pytest

from audiospective import clock
from audiospective.models import User
from audiospective.models.coverage import Coverage
from audiospective.models.gaps import Gap
from audiospective.models.poll_log import PollLog
from tests.factories import make_connection, make_user

DAY = timedelta(days=1)


@pytest.fixture
def alice(site):
    user = make_user(
        "alice",
        email="alice@mail.example",
        email_verified_at=clock.now(),
        created_at=clock.now() - 30 * DAY,
    )
    make_connection(site.services, user, last_success_at=clock.now() - 3 * DAY)
    return user


def test_health_is_for_members_and_each_sees_their_own(site, alice):
    assert site.visitor().get("/health").status_code == 302
    bob = make_user("bob", email="bob@mail.example", email_verified_at=clock.now())
    now = clock.now()
    Coverage.create(user=alice, started_at=now - 9 * DAY, ended_at=now - 3 * DAY)
    Gap.create(
        user=alice, started_at=now - 3 * DAY, ended_at=now - 2 * DAY, cause="outage",
        certainty="sure", opened_at=now,
    )  # fmt: skip
    PollLog.create(user=alice, at=now, outcome="network", took_ms=1500, tries=3)
    text = site.member(alice).page("/health").text
    assert "Spotify did not answer" in text
    assert "almost certainly" in text
    assert "No answer" in text
    assert "1.5 s" in text
    text = site.member(bob).page("/health").text
    assert "Spotify did not answer" not in text
    assert "Nothing to tell yet" in text


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"email": None, "email_verified_at": None}, "nobody will tell you"),
        ({"email_verified_at": None}, "nobody will tell you yet"),
        ({"preferences": '{"mail_off": ["archive_stopped"]}'}, "switched our warnings off"),
        ({}, "cannot send letters"),
    ],
)
def test_health_says_why_a_breakdown_would_stay_silent(site, alice, changes, words):
    if changes:
        User.update(**changes).execute()
    assert words in site.member(alice).page("/health").text


def test_health_says_nothing_of_it_where_letters_arrive(make_site):
    site = make_site(resend_api_key="re_test")
    user = make_user("alice", email="a@mail.example", email_verified_at=clock.now())
    text = site.member(user).page("/health").text
    assert "nobody" not in text
    assert "cannot send" not in text


def test_health_tells_holes_apart_by_state(site, alice):
    now = clock.now()
    Coverage.create(user=alice, started_at=now - 60 * DAY)
    for number, cause in enumerate(("overflow", "downtime", "authorization", "paused")):
        Gap.create(
            user=alice, started_at=now - (20 + number) * DAY, ended_at=now - (19 + number) * DAY,
            cause=cause, certainty="possible", opened_at=now,
            closed_at=now if number == 0 else None, recovered=12 if number < 2 else 0,
        )  # fmt: skip
    text = " ".join(site.member(alice).page("/health").text.split())
    assert "Closed by an import on" in text
    assert "12 plays recovered" in text
    assert "Open; 12 plays recovered so far" in text
    for words in ("More than 50 plays", "came too late", "ended our access", "You had paused"):
        assert words in text


def test_health_claims_no_part_of_a_month_before_the_archive_began(site, alice):
    now = clock.now().replace(day=22, month=11, year=2026)
    began = now.replace(day=20)
    Coverage.create(user=alice, started_at=began, ended_at=None)
    with clock.use(lambda: now):
        text = site.member(alice).page("/health").text
    assert "all since 20 Nov 2026" in text
    with clock.use(lambda: now + 20 * DAY):
        text = site.member(alice).page("/health").text
    assert "all of it" in text  # December
    assert "all since 20 Nov 2026" in text
