"""What a page proves about the time before it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from audiospective.policy import gaps
from audiospective.policy.failures import Failure
from audiospective.policy.gaps import Before, Cause, Certainty, Doubt, Known, Seen

NOW = datetime(2026, 3, 14, 12, tzinfo=UTC)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
CHECKED = NOW - HOUR
SEEN_UNTIL = CHECKED - gaps.SETTLED
LAST_PAGE = NOW - 9 * HOUR
BEFORE = Before(CHECKED, LAST_PAGE, authorized_at=NOW - timedelta(days=30))
KNOWN = Known(CHECKED - 3 * MINUTE, LAST_PAGE - MINUTE, archive_from=NOW - timedelta(days=30))


def new(*minutes_ago):
    return [Seen(NOW - minutes * MINUTE, True) for minutes in minutes_ago]


def known(*minutes_ago):
    return [Seen(NOW - minutes * MINUTE, False) for minutes in minutes_ago]


def gap(page, offered=50, *, before=BEFORE, known=KNOWN, now=NOW):
    return gaps.gap(before, page, offered, known, now)


@pytest.mark.parametrize(
    ("page", "offered", "opens"),
    [
        (new(50, 1), 50, True),
        (known(63) + new(50, 1), 50, False),  # its oldest item is known
        (known(63) + new(63, 1), 50, True),  # of two that ended at once, one is new
        (new(50, 1), 49, True),  # Spotify leaves items out after the cut,
        (new(50, 1), 43, True),  # however many
        (new(50, 1), 2, True),
        (known(63) + new(1), 2, False),
        (known(64, 63), 2, False),
        ([], 0, False),
    ],
)
def test_a_page_overlaps_only_where_its_oldest_item_is_known(page, offered, opens):
    assert (gap(page, offered) is not None) == opens


@pytest.mark.parametrize(("offered", "opens"), [(1, False), (39, False), (40, True), (50, True)])
def test_a_short_page_with_nothing_known_before_it_is_all_there_is(offered, opens):
    nothing = replace(KNOWN, before_page=None, before_last_page=None)
    assert (gap(new(50, 1), offered, known=nothing) is not None) == opens


def test_late_plays_older_than_all_others_of_a_small_account_leave_no_gap():
    nothing = replace(KNOWN, before_page=None, before_last_page=None)
    assert gap(new(600, 590) + known(63), 3, known=nothing) is None


def test_more_plays_than_a_page_probably_begin_with_the_last_check():
    long_ago = replace(KNOWN, before_page=NOW - 7 * HOUR)
    found = gap(new(50, 1), known=long_ago)
    assert (found.start, found.probably_from, found.end) == (
        NOW - 7 * HOUR,
        SEEN_UNTIL,
        NOW - 50 * MINUTE,
    )
    assert found.cause is Cause.OVERFLOW
    assert found.begins == SEEN_UNTIL


@pytest.mark.parametrize(
    ("newest", "archive_from", "start"),
    [
        (CHECKED - MINUTE, KNOWN.archive_from, SEEN_UNTIL),
        (CHECKED + MINUTE, KNOWN.archive_from, SEEN_UNTIL),
        (SEEN_UNTIL - MINUTE, KNOWN.archive_from, SEEN_UNTIL - MINUTE),
        (CHECKED - MINUTE, CHECKED - 2 * MINUTE, CHECKED - 2 * MINUTE),  # nothing before it counts
    ],
)
def test_a_gap_may_hold_a_play_that_settled_after_the_check_below_one_that_it_showed(
    newest, archive_from, start
):
    found = gap(new(50, 1), known=replace(KNOWN, before_page=newest, archive_from=archive_from))
    assert (found.start, found.probably_from) == (start, max(newest, SEEN_UNTIL))


def test_a_play_that_appeared_after_the_check_it_ended_before_makes_the_gap_no_longer():
    found = gap(new(62, 1), known=replace(KNOWN, before_page=NOW - 7 * HOUR))
    assert (found.probably_from, found.cause) == (SEEN_UNTIL, Cause.OVERFLOW)


def test_late_plays_that_fill_the_page_leave_a_gap_from_the_newest_play_known_before_them():
    """Thirty plays, one on a speaker, then a phone delivers 120 that are older than that one."""
    burst = [Seen(NOW - 200 * MINUTE + n * MINUTE, True) for n in range(49)]
    thirty = NOW - 400 * MINUTE
    found = gap(
        [*burst, *known(63)], known=Known(thirty, None, archive_from=NOW - timedelta(days=3))
    )
    assert (found.probably_from, found.end) == (thirty, burst[0].at)
    assert found.start == NOW - timedelta(days=3)  # the phone may have been offline since then
    assert found.cause is Cause.LATE


def test_late_plays_reach_back_no_further_than_what_the_last_page_showed():
    before = NOW - 5 * HOUR
    found = gap(new(200, 190) + known(63), known=replace(KNOWN, before_page=before))
    assert (found.start, found.probably_from) == (LAST_PAGE - MINUTE, before)


@pytest.mark.parametrize(
    ("page", "mixed"),
    [
        (known(500) + new(300, 200) + known(100), False),  # they follow a known one
        (known(500) + new(300) + known(250) + new(200), True),  # and have skipped as many before
        (known(510, 500) + new(300) + known(250) + new(200), False),  # further than ever
        (known(510, 500) + new(300) + known(260, 250) + new(200), True),
        (known(500) + new(300) + known(250) + new(1), False),  # one late play, one of today
    ],
)
def test_late_plays_between_known_ones_may_go_on_below_the_page(page, mixed):
    assert (gaps.doubt(BEFORE, page, 50) is Doubt.MIXED) == mixed
    found = gap(page)
    assert (found is not None) == mixed
    if found:
        assert found.start == LAST_PAGE - MINUTE
        assert found.probably_from == found.end == page[0].at  # possible, nothing is probable
        assert (found.cause, found.certainty) == (Cause.LATE, Certainty.POSSIBLE)
        assert found.begins == found.start


def test_nothing_was_pushed_out_while_the_page_still_begins_where_it_did():
    mixed = known(500) + new(300) + known(250) + new(200)
    assert gaps.doubt(replace(BEFORE, page_from=NOW - 500 * MINUTE), mixed, 50) is None


@pytest.mark.parametrize(("ahead", "opens"), [(4, False), (6, True), (55, True)])
def test_a_known_play_ahead_of_the_last_check_proves_nothing_about_the_time_since(ahead, opens):
    page = [Seen(CHECKED + ahead * MINUTE, False), *new(2, 1)]
    found = gap(page, known=replace(KNOWN, before_page=CHECKED + (ahead - 1) * MINUTE))
    assert (found is not None) == opens
    if found and ahead > 6:  # nor does the one before it
        assert (found.start, found.end) == (SEEN_UNTIL, page[0].at)


@pytest.mark.parametrize(
    ("ended", "nothing"),
    [
        ([], True),  # fifty items, and none says when it ended
        ([NOW + 2 * HOUR], True),
        ([NOW + 2 * HOUR, NOW - HOUR], False),
        ([NOW + HOUR], False),  # clocks differ
    ],
)
def test_a_page_of_items_without_a_usable_time_proves_nothing(ended, nothing):
    assert gaps.proves_nothing(ended, NOW) == nothing


FIRST = Before(None, None, authorized_at=NOW - 3 * HOUR)


@pytest.mark.parametrize(
    ("page", "offered", "found"),
    [
        (new(170, 1), 50, True),  # does not reach back to the consent
        (new(181, 1), 50, False),
        (new(170, 1), 40, True),
        (new(170, 1), 39, False),  # all there is
        ([], 0, False),
    ],
)
def test_what_was_played_between_the_consent_and_the_first_page_counts(page, offered, found):
    nothing = Known(None, None, FIRST.authorized_at)
    opened = gaps.gap(FIRST, page, offered, nothing, NOW)
    assert (opened is not None) == found
    if opened:
        assert opened.start == opened.probably_from == FIRST.authorized_at
        assert opened.end == NOW - 170 * MINUTE
    oldest = min((item.at for item in page), default=NOW)
    assert gaps.began(FIRST, page, offered) == min(oldest, FIRST.authorized_at)


LONG = NOW - timedelta(hours=30)


@pytest.mark.parametrize(
    ("changes", "cause"),
    [
        ({}, Cause.OVERFLOW),
        ({"failure": Failure.NETWORK}, Cause.OVERFLOW),  # one hiccup does not explain a full page
        ({"failure": Failure.NETWORK, "checked_at": LONG}, Cause.OUTAGE),
        ({"failure": Failure.SILENT, "checked_at": LONG}, Cause.OUTAGE),
        ({"failure": Failure.QUOTA, "checked_at": LONG}, Cause.OUTAGE),
        ({"failure": Failure.AUTH, "checked_at": LONG}, Cause.AUTHORIZATION),
        ({"failure": Failure.NOT_ALLOWED, "checked_at": LONG}, Cause.AUTHORIZATION),
        ({"checked_at": LONG}, Cause.DOWNTIME),
        ({"failure": Failure.UNKNOWN, "checked_at": LONG}, Cause.DOWNTIME),
        ({"failure": Failure.LOCKED, "checked_at": LONG}, Cause.DOWNTIME),
        ({"checked_at": LONG, "authorized_at": NOW - MINUTE}, Cause.AUTHORIZATION),
        ({"checked_at": LONG, "paused": True, "authorized_at": NOW}, Cause.PAUSED),
        ({"checked_at": None, "authorized_at": NOW - HOUR}, Cause.OVERFLOW),
        ({"checked_at": None, "authorized_at": LONG}, Cause.DOWNTIME),
        ({"checked_at": None, "authorized_at": LONG, "failure": Failure.NETWORK}, Cause.OUTAGE),
    ],
)
def test_a_gap_knows_where_it_came_from(changes, cause):
    found = gap(new(1), before=replace(BEFORE, **changes))
    assert found is not None
    assert found.cause is cause


def test_a_late_check_cannot_tell_what_was_late_before_the_last_one_from_what_is_new():
    before = NOW - 3 * HOUR - MINUTE
    found = gap(
        new(1),
        before=replace(BEFORE, checked_at=NOW - 3 * HOUR),
        known=replace(KNOWN, before_page=before),
    )
    assert (found.start, found.probably_from) == (LAST_PAGE - MINUTE, before)


@pytest.mark.parametrize(
    ("rate", "hours", "certainty"),
    [
        (0.0, 10, Certainty.POSSIBLE),
        (4.9, 1, Certainty.POSSIBLE),
        (5.0, 1, Certainty.SURE),
        (20.0, 0.2, Certainty.POSSIBLE),
        (20.0, 0.25, Certainty.SURE),
    ],
)
def test_a_gap_is_sure_where_five_plays_would_belong_into_it(rate, hours, certainty):
    end = SEEN_UNTIL + timedelta(hours=hours)
    late = replace(KNOWN, before_page=NOW - 9 * HOUR)  # what it only may reach back to counts not
    found = gap([Seen(end, True)], before=replace(BEFORE, plays_per_hour=rate), known=late, now=end)
    assert found is not None
    assert found.certainty is certainty
