"""The health page."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from audiospective import clock
from audiospective.models import Connection, UnreadablePlay, User
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
        user=alice, started_at=now - 4 * DAY, probably_from=now - 3 * DAY,
        ended_at=now - 2 * DAY, cause="outage", certainty="sure", opened_at=now,
    )  # fmt: skip
    PollLog.create(user=alice, at=now, outcome="network", took_ms=1500, tries=3)
    text = site.member(alice).page("/health").text
    assert "Spotify did not answer" in text
    assert "almost certainly" in text
    assert "may reach back to" in text
    assert "No answer" in text
    assert "1.5 s" in text
    text = site.member(bob).page("/health").text
    assert "Spotify did not answer" not in text
    assert "Nothing to tell yet" in text


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"email": None, "email_verified_at": None}, "Add an e-mail so we can warn you"),
        ({"email_verified_at": None}, "Confirm your e-mail address so we can warn you"),
        ({"preferences": '{"mail_off": ["archive_stopped"]}'}, "switched our warnings off"),
        ({}, "cannot send e-mails"),
    ],
)
def test_health_says_why_a_breakdown_would_stay_silent(site, alice, changes, words):
    if changes:
        User.update(**changes).execute()
    assert words in site.member(alice).page("/health").text


def test_health_says_nothing_of_it_where_emails_arrive(make_site):
    site = make_site(resend_api_key="re_test")
    user = make_user("alice", email="a@mail.example", email_verified_at=clock.now())
    text = site.member(user).page("/health").text
    assert "warn you" not in text
    assert "cannot send" not in text


def test_health_tells_gaps_apart_by_state(site, alice):
    now = clock.now()
    Coverage.create(user=alice, started_at=now - 60 * DAY)
    for number, cause in enumerate(("overflow", "downtime", "authorization", "paused")):
        Gap.create(
            user=alice, started_at=now - (20 + number) * DAY, ended_at=now - (19 + number) * DAY,
            probably_from=now - (20 + number) * DAY, cause=cause,
            certainty="possible", opened_at=now, closed_at=now if number == 0 else None,
            recovered=12 if number < 2 else 0,
        )  # fmt: skip
    text = " ".join(site.member(alice).page("/health").text.split())
    assert "Closed by an import on" in text
    assert "12 plays recovered" in text
    assert "Open; 12 plays recovered so far" in text
    for words in (
        "More than 50 plays",
        "came too late",
        "no access to your plays",
        "Paused or disconnected by you",
    ):
        assert words in text


def test_health_claims_no_part_of_a_month_before_the_archive_began(site, alice):
    now = clock.now().replace(day=22, month=11, year=2026)
    began = now.replace(day=20)
    Coverage.create(user=alice, started_at=began, ended_at=None)
    Connection.update(last_success_at=now, authorized_at=began).execute()
    with clock.use(lambda: now):
        text = site.member(alice).page("/health").text
    assert "all since 20 Nov 2026" in text
    assert "Since 20 Nov 2026, as far back as the first check reached." in text
    Connection.update(last_success_at=now + 20 * DAY).execute()
    with clock.use(lambda: now + 20 * DAY):
        text = site.member(alice).page("/health").text
    assert "all of it" in text  # December
    assert "all since 20 Nov 2026" in text


def test_health_counts_only_what_is_probably_missing(site, alice):
    now = clock.now().replace(day=22, month=11, year=2026)
    Coverage.create(user=alice, started_at=now.replace(day=1), ended_at=None)
    Connection.update(last_success_at=now).execute()
    Gap.create(
        user=alice, started_at=now - 9 * DAY, probably_from=now - 2 * DAY, ended_at=now - DAY,
        cause="late", certainty="possible", opened_at=now,
    )  # fmt: skip
    with clock.use(lambda: now):
        text = " ".join(site.member(alice).page("/health").text.split())
    assert "A device that was offline" in text
    assert "95.2 %" in text  # one day of twenty-one
    assert "1 day" in text


def test_health_shows_items_that_are_no_plays_to_their_owner_only(site, alice):
    item = {"track": {"name": "Demo <b>tape</b>", "id": None, "is_local": True}}
    ended = clock.now() - DAY
    for number in range(21):
        UnreadablePlay.create(
            user=alice, digest=str(number), reason="the track has no id (a local file?)",
            item=json.dumps(item), played_at=clock.to_ms(ended) if number else None,
            seen_at=clock.now() - number * timedelta(minutes=1),
        )  # fmt: skip
    text = site.member(alice).page("/health").text
    assert "Demo <b>tape</b>" in text
    assert "no valid time" in text
    assert "The newest 20 of 21." in " ".join(text.split())
    bob = make_user("bob", email="bob@mail.example", email_verified_at=clock.now())
    assert "Demo" not in site.member(bob).page("/health").text


@pytest.mark.parametrize("item", ["[]", "null", '{"track": null}', '{"track": 3}', "{"])
def test_health_shows_an_item_whatever_it_is(site, alice, item):
    UnreadablePlay.create(user=alice, digest="d", reason="odd", item=item, seen_at=clock.now())
    assert "unnamed" in site.member(alice).page("/health").text


def test_checks_are_folded_by_day_and_equal_ones_in_a_row_are_one_line(site, alice):
    User.update(timezone="Europe/Berlin").execute()
    now = clock.now().replace(month=11, day=22, hour=12, minute=0, second=0, microsecond=0)
    for hours, added in ((0, 4), (1, 0), (2, 0), (3, 0), (14, 0), (15, 2)):
        PollLog.create(user=alice, at=now - timedelta(hours=hours), outcome="ok", added=added)
    PollLog.create(user=alice, at=now - timedelta(hours=16), outcome="network", tries=3)
    with clock.use(lambda: now):
        page = site.member(alice).page("/health")
    days = [fold.text for fold in page.all("details")]
    assert len(days) == 2
    assert "4 checks, all answered, 4 new plays" in days[0]
    assert "3 checks, 1 without an answer, 2 new plays" in days[1]
    assert "Nothing new × 3" in days[0]
    assert "10:00 to 12:00" in days[0]
    assert [fold.attributes.get("open") for fold in page.all("details")] == ["", None]


def test_the_page_has_a_heading_of_its_own_and_asks_little(site, alice, queries):
    Coverage.create(user=alice, started_at=clock.now() - 9 * DAY)
    Connection.update(last_success_at=clock.now()).execute()
    browser = site.member(alice)
    queries.clear()
    page = browser.page("/health")
    assert page.one("h1").text == "100 % of 9 days are known"
    assert len([sql for sql in queries if sql.startswith(("SELECT", "WITH"))]) <= 12
