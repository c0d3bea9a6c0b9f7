"""Months on instances of one, two, five, twelve and forty members: told once, never falsely."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest

from audiospective import clock
from audiospective.clients.spotify import SpotifyError
from audiospective.models import Connection, User
from audiospective.models.marks import Mark
from audiospective.models.notices import SENT, Notice
from audiospective.notices.kinds.operator_alert import OVER
from audiospective.policy import outage
from audiospective.policy.failures import Failure
from tests.support.life import Life

REVOKED = SpotifyError(Failure.AUTH, "invalid_grant", status=400)
DOWN = SpotifyError(Failure.NETWORK, "503", status=503)
GONE = SpotifyError(Failure.NETWORK, "404", status=404)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SIZES = [1, 2, 5, 12, 40]
OUTAGES = [*((size, DOWN) for size in SIZES if size < 40), (1, GONE), (12, GONE)]
SMALL = [size for size in SIZES if size <= outage.FEW]


@pytest.fixture
def database_url(postgres_database_url: str) -> str:
    """Months cost too much to live twice: here PostgreSQL, in `test_stories` SQLite."""
    return postgres_database_url


def instance(life: Life, size: int, **values: object) -> list[Connection]:
    """`size` members, polled at different minutes; the first of them runs the server."""
    people = [life.person(f"listener{number}", plays=1, **values) for number in range(size)]
    for number, one in enumerate(people):
        minute = number * 60 // size
        User.update(minute_offset=minute).where(User.id == one.user_id).execute()
    User.update(is_operator=True).where(User.id == people[0].user_id).execute()
    life.passes(hours=3)
    return people


def sent(kind: str | None = None) -> list[Notice]:
    rows = Notice.select().where(Notice.status == SENT).order_by(Notice.id)
    return [row for row in rows if kind in (None, row.kind)]


def alerts(topic: str) -> list[Notice]:
    return [one for one in sent("operator_alert") if one.dedupe_key.startswith(f"{topic}.")]


def by_member(kind: str) -> list[int]:
    """How many e-mails of a kind each who got any got."""
    return sorted(Counter(one.recipient for one in sent(kind)).values())


@pytest.mark.parametrize("size", SIZES)
def test_two_hours_of_refusals_for_everybody_ask_nobody_to_reconnect(life, size):
    people = instance(life, size)
    tokens = {row.user_id: row.refresh_encrypted for row in Connection.select()}
    for one in people:
        life.breaks(one, REVOKED)
    life.passes(timedelta(minutes=10), hours=2)
    for one in people:
        life.heals(one)
    life.passes(hours=6)
    assert sent("archive_stopped") == sent("no_success") == sent("back_on") == []
    rows = list(Connection.select())
    assert {(row.status, row.consecutive_failures) for row in rows} == {("active", 0)}
    assert {row.user_id: row.refresh_encrypted for row in rows} == tokens
    assert all(row.last_success_at > clock.now() - 2 * HOUR for row in rows)
    # The operator hears of it where it could be seen as everybody's, and that it is over.
    assert [one.step for one in alerts("guard")] == ([] if size == 1 else [0, OVER])
    assert alerts("outage") == []
    assert not Mark.named("guard:")


@pytest.mark.parametrize(("size", "error"), OUTAGES)
def test_an_outage_of_sixty_hours_is_told_once_and_once_when_it_is_over(life, size, error):
    people = instance(life, size)
    start = clock.now()
    for one in people:
        life.breaks(one, error)
    life.passes(HOUR, hours=60)
    assert [one.step for one in alerts("outage")] == [0]
    assert 23 * HOUR <= alerts("outage")[0].sent_at - start <= 26 * HOUR
    few = size in SMALL
    assert by_member("no_success") == ([1] * size if few else [])
    for one in people:
        life.heals(one)
    life.passes(HOUR, hours=8)
    assert [one.step for one in alerts("outage")] == [0, OVER]
    assert by_member("back_on") == ([1] * size if few else [])
    assert sent("archive_stopped") == []
    life.passes(12 * HOUR, days=20)
    assert [one.step for one in alerts("outage")] == [0, OVER]
    assert by_member("no_success") == by_member("back_on") == ([1] * size if few else [])


@pytest.mark.parametrize("size", [1, 2, 12])
def test_one_member_who_is_really_refused_is_told_thrice_and_that_it_is_over(life, size):
    people = instance(life, size)
    bob, start = people[-1], clock.now()
    life.breaks(bob, REVOKED)
    while not sent("archive_stopped"):
        assert clock.now() - start < 6 * HOUR
        life.passes(HOUR, hours=1)
    life.passes(6 * HOUR, days=8)  # counted from the first: each of the next two falls on a step
    told = sent("archive_stopped")
    assert {one.user_id for one in told} == {bob.user_id}
    assert [one.step for one in told] == [0, 1, 2]
    assert told[0].sent_at - start <= (5 * HOUR if size == 1 else 3 * HOUR)
    assert [(one.sent_at - told[0].sent_at) / HOUR for one in told] == [0, 48, 168]
    life.passes(12 * HOUR, days=15)
    assert len(sent("archive_stopped")) == 3
    assert sent("no_success") == []
    life.reconnect(bob)
    life.passes(hours=2)
    assert [one.user_id for one in sent("back_on")] == [bob.user_id]


@pytest.mark.parametrize("size", [2, 5])
def test_when_everybody_is_really_refused_everybody_is_told_within_a_day(life, size):
    """It cannot be told from Spotify's own mistake, so nobody is asked to reconnect at once."""
    people = instance(life, size)
    for one in people:
        life.breaks(one, REVOKED)
    life.passes(HOUR, hours=23)
    assert {one.kind for one in sent()} == {"operator_alert"}
    life.passes(HOUR, hours=3)
    assert by_member("no_success") == [1] * size
    assert "refuses everyone" in " ".join(
        life.office.to("listener0@mail.example")[1]["text"].split()
    )
    life.reconnect(people[0])
    life.passes(HOUR, hours=4)
    # One is served again, so the others' refusals are their own.
    assert by_member("archive_stopped") == [1] * (size - 1)
    assert [one.user_id for one in sent("back_on")] == [people[0].user_id]


def test_two_who_are_refused_in_one_moment_are_told_once_a_third_is_served(life):
    people = instance(life, 3)
    for one in people[1:]:
        life.breaks(one, REVOKED)
    Connection.update(next_poll_at=clock.now()).execute()
    life.passes(hours=4)
    assert by_member("archive_stopped") == [1, 1]
    assert sent("operator_alert") == []


def test_whoever_was_told_by_mistake_hears_that_it_passed(life):
    """A few are refused while others are served; later so many that it is nobody's own."""
    people = instance(life, 12)
    life.breaks(people[0], REVOKED)
    life.passes(timedelta(minutes=10), minutes=100)
    assert by_member("archive_stopped") == [1]
    for one in people[1:]:
        life.breaks(one, REVOKED)
    life.passes(timedelta(minutes=10), hours=3)
    assert Mark.named("guard:")
    assert by_member("archive_stopped") == [1]
    for one in people:
        life.heals(one)
    life.passes(hours=6)
    assert [one.user_id for one in sent("back_on")] == [people[0].user_id]
    assert by_member("archive_stopped") == [1]


def test_nobody_hears_that_they_are_back_on_after_they_disconnected(life):
    from audiospective.accounts import connection

    people = instance(life, 2)
    bob = people[1]
    life.breaks(bob, REVOKED)
    life.passes(HOUR, hours=6)
    assert by_member("archive_stopped") == [1]
    life.office.answer = lambda email, key: (503, {}, b"")
    life.reconnect(bob)
    life.passes(timedelta(minutes=1), minutes=2)
    assert Notice.select().where(Notice.kind == "back_on", Notice.user == bob.user_id).exists()
    connection.disconnect(bob.user_id)
    life.office.answer = None
    life.passes(HOUR, hours=30)
    assert sent("back_on") == []


@pytest.mark.parametrize("size", [1, 12])
def test_a_wave_of_renewals_reminds_each_three_times_and_then_says_that_it_stopped(life, size):
    ends = clock.now() + 33 * DAY
    people = instance(life, size, reauth_due_at=ends)
    while clock.now() < ends:
        life.frozen.to(min(ends, clock.now() + 12 * HOUR))
        life.step()
    assert by_member("renewal") == [3] * size
    assert sorted({round((ends - one.sent_at) / DAY) for one in sent("renewal")}) == [1, 7, 30]
    for one in people:
        life.breaks(one, REVOKED)
    life.passes(2 * HOUR, days=3)
    life.passes(6 * HOUR, days=9)
    assert by_member("archive_stopped") == [3] * size
    assert {one.kind for one in sent()} - {"operator_alert"} == {"renewal", "archive_stopped"}
    assert alerts("guard") == alerts("outage") == []
