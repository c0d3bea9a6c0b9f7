"""Coverage and gaps as they are written, closed and opened again."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audiospective import clock
from audiospective.accounts import connection as wishes
from audiospective.accounts import sign_up
from audiospective.accounts.outcomes import Visit
from audiospective.clients.spotify import Profile, Tokens
from audiospective.history.append import Appended
from audiospective.models import Connection, database
from audiospective.models.coverage import Coverage
from audiospective.models.gaps import Gap
from audiospective.models.imports import Import
from audiospective.policy import gaps
from audiospective.policy.gaps import Cause, Certainty, Found, Seen
from audiospective.policy.plays import Page, Unreadable
from audiospective.polling import closed_gaps, coverage, other_account
from audiospective.polling.batch import now as poll_now
from tests.factories import connected, listening, make_user, page, play

HOUR = timedelta(hours=1)


def polled(services, spotify, connection, found):
    spotify.pages[f"access-{connection.user_id}"] = found
    Connection.update(access_expires_at=clock.now() + HOUR).execute()
    return poll_now(services, connection.user_id)


def stretches(connection):
    rows = Coverage.select().where(Coverage.user == connection.user_id)
    return [(row.started_at, row.ended_at) for row in rows.order_by(Coverage.started_at)]


def full(minutes=1.0, prefix="x", until=None):
    return listening(until or clock.now(), 50, minutes=minutes, prefix=prefix)


def oldest(found):
    return clock.from_ms(found.oldest)


def newest(found):
    return clock.from_ms(found.newest)


def consenting(services, name="alice"):
    """Somebody who has just connected: nothing can have been lost so far."""
    return connected(services, name, authorized_at=clock.now())


def test_the_first_poll_begins_coverage_and_opens_no_gap(services, spotify, frozen):
    alice = consenting(services)
    first = full()
    polled(services, spotify, alice, first)
    assert stretches(alice) == [(oldest(first), None)]
    assert Gap.select().count() == 0


def test_somebody_without_gaps_has_one_row_however_long(services, spotify, frozen):
    def going_on():
        ended = [clock.now() - timedelta(minutes=3 * back) for back in range(50)]
        return page(*(play(at, f"Song {clock.to_ms(at)}") for at in ended))

    alice = consenting(services)
    polled(services, spotify, alice, going_on())
    begun = stretches(alice)
    for _ in range(30):
        frozen.forward(hours=1)
        polled(services, spotify, alice, going_on())
    assert stretches(alice) == begun
    assert Gap.select().count() == 0


def test_a_page_that_does_not_reach_back_ends_coverage_and_begins_it_anew(
    services, spotify, frozen
):
    alice = consenting(services)
    first = full(prefix="a", until=clock.now() - HOUR)
    polled(services, spotify, alice, first)
    checked = clock.now()
    frozen.forward(minutes=70)
    second = full(prefix="b")
    polled(services, spotify, alice, second)
    (gap,) = Gap.select()
    assert (gap.started_at, gap.ended_at) == (newest(first), oldest(second))
    assert gap.probably_from == checked - gaps.SETTLED
    assert (gap.cause, gap.opened_at, gap.closed_at) == ("overflow", frozen.now, None)
    assert stretches(alice) == [(oldest(first), gap.probably_from), (oldest(second), None)]


def test_late_plays_open_a_gap_up_to_a_play_up_to_which_an_import_closed_one(
    services, spotify, frozen
):
    alice = consenting(services)
    polled(services, spotify, alice, full(prefix="a", until=clock.now() - HOUR))
    frozen.forward(minutes=70)
    shown = sorted(full(prefix="b").plays, key=lambda one: one.played_at)
    polled(services, spotify, alice, page(*shown[7:]))  # pages of 43 were reported
    (first,) = Gap.select()
    assert clock.to_ms(first.ended_at) == shown[7].played_at
    with database.atomic():
        (closed,) = closed_gaps.close_by_import(
            alice.user_id, first.started_at, first.ended_at, import_id=9, added=()
        )
    frozen.forward(minutes=20)
    polled(services, spotify, alice, page(*shown))
    frozen.forward(minutes=20)
    late = [play(clock.from_ms(shown[number].played_at + 30_000), "late") for number in (7, 8)]
    polled(services, spotify, alice, page(*shown[7:], *late))
    opened = Gap.select().where(Gap.closed_at.is_null()).order_by(Gap.ended_at)
    assert [(clock.to_ms(gap.ended_at), gap.cause) for gap in opened] == [
        (shown[0].played_at, "late"),
        (shown[7].played_at - 1, "late"),
    ]
    assert Gap.get_by_id(closed.id).closed_by_import == 9


def test_a_check_writes_a_gap_before_imports_as_who_counts_plays_in_it(
    services, spotify, frozen, monkeypatch
):
    alice = consenting(services)
    polled(services, spotify, alice, full(prefix="a", until=clock.now() - HOUR))
    frozen.forward(minutes=70)
    written = []
    monkeypatch.setattr(Import, "look_again", lambda *_: written.append(Gap.select().count()))
    polled(services, spotify, alice, full(prefix="b"))
    other_account.attached(alice.user_id, clock.now())
    frozen.forward(minutes=1)
    other_account.attached(alice.user_id, clock.now())
    ended = Gap.select().order_by(Gap.ended_at.desc()).get().ended_at
    assert (written, ended) == ([1, 2, 2], clock.now())


@pytest.mark.parametrize("covered", [False, True])
def test_a_gap_that_a_check_makes_longer_while_an_import_closes_it_stays_as_long(
    covered, services, spotify, frozen, monkeypatch
):
    alice = consenting(services)
    polled(services, spotify, alice, full(prefix="a", until=clock.now() - HOUR))
    frozen.forward(minutes=70)
    polled(services, spotify, alice, full(prefix="b"))
    (gap,) = Gap.select()
    longer = gap.started_at - HOUR
    read = closed_gaps._open

    def meanwhile(user_id):
        found = read(user_id)
        Gap.update(started_at=longer).execute()
        return found

    monkeypatch.setattr(closed_gaps, "_open", meanwhile)
    start = longer if covered else gap.started_at
    with database.atomic():
        closed_gaps.close_by_import(alice.user_id, start, gap.ended_at, import_id=9, added=())
    (left,) = Gap.select()
    assert (left.started_at, left.closed_by_import) == (longer, 9 if covered else None)


@pytest.mark.parametrize("covered", [False, True])
def test_a_gap_that_a_new_account_makes_longer_while_an_import_closes_it_stays_as_long(
    covered, services, frozen, monkeypatch
):
    user_id = consenting(services).user_id
    start, end = clock.now() - 3 * HOUR, clock.now() - HOUR
    made = given_gap(user_id, start, end)
    read = closed_gaps._open

    def meanwhile(user_id):
        found = read(user_id)
        Gap.update(ended_at=clock.now()).execute()
        return found

    monkeypatch.setattr(closed_gaps, "_open", meanwhile)
    until = clock.now() if covered else end
    with database.atomic():
        closed_gaps.close_by_import(user_id, start, until, import_id=9, added=())
    left = Gap.get_by_id(made.id)
    assert (left.ended_at, left.closed_by_import) == (clock.now(), 9 if covered else None)


def test_a_gap_that_a_new_account_makes_longer_while_an_import_is_taken_back_stays_as_long(
    services, frozen, monkeypatch
):
    user_id = consenting(services).user_id
    now = clock.now()
    first, second = (given_gap(user_id, now - n * HOUR, now - (n - 1) * HOUR) for n in (5, 3))
    Gap.update(closed_at=now, closed_by_import=9, recovered=1).execute()

    def meanwhile(user_id, start, _end):
        if start == first.started_at:
            Gap.update(ended_at=now, opened_at=now).where(Gap.id == second.id).execute()

    monkeypatch.setattr(Coverage, "cut", meanwhile)
    assert len(closed_gaps.reopen(user_id, 9)) == 2
    left = list(Gap.select().order_by(Gap.id))
    assert [(gap.ended_at, gap.closed_at, gap.recovered) for gap in left] == [
        (first.ended_at, None, 0),
        (now, None, 0),
    ]


def given_gap(user_id, start, end):
    return Gap.create(
        user=user_id, started_at=start, probably_from=start, ended_at=end,
        cause="paused", certainty="possible", opened_at=end,
    )  # fmt: skip


@pytest.mark.parametrize("first", ["readable", "unreadable"])
def test_a_play_whose_track_is_missing_once_is_known_by_its_second(
    services, spotify, frozen, first
):
    alice = consenting(services)
    shown = full()
    (edge,) = (one for one in shown.plays if one.played_at == shown.oldest)
    others = tuple(one for one in shown.plays if one is not edge)
    assert edge.played_at % 1000
    missing = Unreadable("a digest", "no track", "{}", edge.played_at // 1000 * 1000)
    without = Page(others, (missing,), offered=50)
    pages = [shown, without] if first == "readable" else [without, shown]
    for one in pages:
        polled(services, spotify, alice, one)
        frozen.forward(minutes=20)
    assert Gap.select().count() == 0


def test_the_same_poll_told_twice_is_one_gap(services, spotify, frozen):
    alice = consenting(services)
    polled(services, spotify, alice, full(prefix="a"))
    before = Connection.get_by_id(alice.user_id)
    frozen.forward(minutes=70)
    second = full(prefix="b")
    seen = [Seen(clock.from_ms(at), new=True) for at in second.times]
    for _ in range(2):
        coverage.polled(before, Appended(seen=seen), 50, frozen.now)
    assert Gap.select().count() == 1
    assert len(stretches(alice)) == 2


def test_a_gap_that_another_one_ends_with_becomes_as_long_as_both(services, spotify, frozen):
    alice, (gap,) = gaps_of(services, spotify, frozen, 1)
    far = gap.started_at - timedelta(days=1)
    found = Found(far, gap.probably_from, gap.ended_at, Cause.LATE, Certainty.POSSIBLE)
    coverage._opened(alice.user_id, found, frozen.now)
    (after,) = Gap.select()
    assert (after.started_at, after.ended_at, after.cause) == (far, gap.ended_at, "overflow")


def test_plays_are_kept_and_a_gap_is_marked_when_it_cannot_be_judged(
    services, spotify, frozen, monkeypatch
):
    alice = consenting(services)
    polled(services, spotify, alice, full(prefix="a"))
    checked = clock.now()
    frozen.forward(minutes=70)

    def broken(*_):
        raise ZeroDivisionError

    monkeypatch.setattr(coverage.gaps, "gap", broken)
    second = full(prefix="b")
    report = polled(services, spotify, alice, second)
    (gap,) = Gap.select()
    assert report.new_plays == 50
    assert (gap.started_at, gap.ended_at) == (checked - gaps.SETTLED, oldest(second))


MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


@pytest.mark.parametrize(
    ("ended", "new", "start"),
    [
        (10, True, -5),  # minutes after the last check; what settled since may lie before it
        (10, False, -5),
        (4, True, -5),
        (4, False, None),  # the last check saw it, or it settled since: the page goes on there
        (-4, True, -5),
        (-4, False, None),
        (-30, True, -60),  # late, and what came before it may be late, too
        (-30, False, None),
    ],
)
def test_a_page_that_cannot_be_judged_leaves_a_gap_wherever_something_may_be_missing(
    services, frozen, ended, new, start
):
    checked = frozen.now - HOUR
    alice = connected(services, last_success_at=checked, page_from=checked - HOUR)
    Coverage.begin(alice.user_id, checked - 9 * HOUR)
    end = checked + ended * MINUTE
    found = coverage.unjudged(alice, Appended(seen=[Seen(end, new)]), frozen.now)
    begun = checked - 9 * HOUR
    if start is None:
        assert found is None
        assert stretches(alice) == [(begun, None)]
    else:
        assert (found.start, found.end) == (checked + start * MINUTE, end)
        assert stretches(alice) == [(begun, found.start), (end, None)]


def test_a_first_page_that_cannot_be_judged_goes_on_from_an_archive_of_elsewhere(services, frozen):
    alice = connected(services, last_success_at=None)
    begun, ended, oldest = (frozen.now - DAY * days for days in (40, 10, 1))
    Coverage.insert(user=alice.user_id, started_at=begun, ended_at=ended).execute()
    found = coverage.unjudged(alice, Appended(seen=[Seen(oldest, True)]), frozen.now)
    assert (found.start, found.end) == (ended - gaps.SETTLED, oldest)
    assert stretches(alice) == [(begun, found.start), (oldest, None)]


@pytest.mark.parametrize(
    ("reached", "items", "start", "end"),
    [
        # minutes after the last check; where an item is new
        (-90, {-80: False, -60: True, -40: False, -20: True}, -90, -80),  # late down to its end
        (-80, {-80: False, -60: True, -40: False, -20: True}, None, None),  # it reached back
        (-90, {-80: False, -40: False, -20: True}, None, None),  # one late play, after known ones
        (None, {-30: True}, -540, -30),  # late on the first page that shows something
    ],
)
def test_late_plays_that_cannot_be_judged_leave_a_gap_as_far_as_the_last_page_reached(
    services, frozen, reached, items, start, end
):
    checked = frozen.now - HOUR
    page_from = None if reached is None else checked + reached * MINUTE
    alice = connected(services, last_success_at=checked, page_from=page_from)
    begun = checked - 9 * HOUR
    Coverage.begin(alice.user_id, begun)
    seen = [Seen(checked + at * MINUTE, new) for at, new in items.items()]
    coverage.unjudged(alice, Appended(seen=seen), frozen.now)
    found = [(one.started_at, one.ended_at, one.cause, one.certainty) for one in Gap.select()]
    if start is None:
        assert found == []
        assert stretches(alice) == [(begun, None)]
    else:
        since, until = checked + start * MINUTE, checked + end * MINUTE
        assert found == [(since, until, "late", "possible")]
        covered = [(begun, since), (until, None)]
        assert stretches(alice) == [one for one in covered if one[0] != one[1]]


def gaps_of(services, spotify, frozen, count):
    alice = consenting(services)
    polled(services, spotify, alice, full(prefix="first"))
    for number in range(count):
        frozen.forward(minutes=70)
        polled(services, spotify, alice, full(prefix=str(number)))
    return alice, list(Gap.select().order_by(Gap.started_at))


def test_an_import_that_covers_a_gap_closes_it_and_coverage_is_one_again(services, spotify, frozen):
    alice, (gap,) = gaps_of(services, spotify, frozen, 1)
    begun = stretches(alice)[0][0]
    middle = gap.started_at + (gap.ended_at - gap.started_at) / 2
    closed = closed_gaps.close_by_import(
        alice.user_id,
        gap.started_at - HOUR,
        gap.ended_at + HOUR,
        import_id=7,
        added=[clock.to_ms(middle), clock.to_ms(gap.started_at), clock.to_ms(frozen.now)],
    )
    assert [one.id for one in closed] == [gap.id]
    after = Gap.get_by_id(gap.id)
    assert (after.recovered, after.closed_by_import, after.closed_at) == (1, 7, frozen.now)
    assert stretches(alice) == [(begun, None)]


@pytest.mark.parametrize(("starts", "ends"), [(-1, -0.1), (0.1, 1)], ids=["head", "tail"])
def test_an_import_of_a_part_leaves_the_gap_open_and_counts(
    services, spotify, frozen, starts, ends
):
    alice, (gap,) = gaps_of(services, spotify, frozen, 1)
    before = stretches(alice)
    inside = gap.started_at + timedelta(minutes=1)
    closed = closed_gaps.close_by_import(
        alice.user_id,
        gap.started_at + starts * HOUR,
        gap.ended_at + ends * HOUR,
        import_id=7,
        added=[clock.to_ms(inside)],
    )
    after = Gap.get_by_id(gap.id)
    assert (closed, after.closed_at, after.recovered) == ([], None, 1)
    assert stretches(alice) == before


def test_undoing_an_import_opens_its_gaps_again(services, spotify, frozen):
    alice, found = gaps_of(services, spotify, frozen, 3)
    before = stretches(alice)
    first, _, last = found
    closed_gaps.close_by_import(
        alice.user_id, first.started_at, last.ended_at, import_id=7, added=[]
    )
    assert len(stretches(alice)) == 1
    assert len(closed_gaps.reopen(alice.user_id, 7)) == 3
    assert stretches(alice) == before
    assert Gap.select().where(Gap.closed_at.is_null()).count() == 3


@pytest.mark.parametrize("others", [[(2, 4), (3, 5)], [(2, 5), (2, 3)]], ids=["partly", "inside"])
def test_closing_one_gap_leaves_others_that_overlap_uncovered(services, frozen, others):
    alice, start = make_user("alice"), frozen.now - 10 * HOUR
    for begins, ends in [(0, 1), *others]:
        Gap.create(
            user=alice,
            started_at=start + (begins - ends / 10) * HOUR,
            probably_from=start + begins * HOUR,
            ended_at=start + ends * HOUR,
            cause=Cause.OVERFLOW.value,
            certainty=Certainty.SURE.value,
            opened_at=frozen.now,
        )
    for begins, ends in ((-1, 0), (1, 2), (5, None)):
        until = None if ends is None else start + ends * HOUR
        Coverage.create(user=alice, started_at=start + begins * HOUR, ended_at=until)
    closed = closed_gaps.close_by_import(
        alice.id, start - HOUR, start + 1.5 * HOUR, import_id=7, added=[]
    )
    assert len(closed) == 1
    both = [(start - HOUR, start + 2 * HOUR), (start + 5 * HOUR, None)]
    found = Coverage.select().where(Coverage.user == alice).order_by(Coverage.started_at)
    assert [(one.started_at, one.ended_at) for one in found] == both


@pytest.mark.parametrize("between", [True, False], ids=["another gap between", "none between"])
def test_an_import_closes_a_gap_of_somebody_with_two_stretches_that_grow(services, frozen, between):
    alice, start = make_user("alice"), frozen.now - 10 * HOUR
    found = [(1, 2), (4, 6)] if between else [(1, 2)]
    for begins, ends in found:
        Gap.create(
            user=alice,
            started_at=start + begins * HOUR,
            probably_from=start + begins * HOUR,
            ended_at=start + ends * HOUR,
            cause=Cause.DOWNTIME.value,
            certainty=Certainty.POSSIBLE.value,
            opened_at=frozen.now,
        )
    for begins, ends in ((0, 1), (2, 4), (5, None), (6, None)):
        until = None if ends is None else start + ends * HOUR
        Coverage.create(user=alice, started_at=start + begins * HOUR, ended_at=until)
    closed = closed_gaps.close_by_import(alice.id, start, start + 3 * HOUR, import_id=7, added=[])
    assert len(closed) == 1
    left = [(0, 4), (6, None)] if between else [(0, None)]
    rows = Coverage.select().where(Coverage.user == alice).order_by(Coverage.started_at)
    assert [(one.started_at, one.ended_at) for one in rows] == [
        (start + begins * HOUR, None if ends is None else start + ends * HOUR)
        for begins, ends in left
    ]


def test_one_stretch_grows_after_a_gap_that_ends_inside_another_one(services, frozen):
    checked = frozen.now - HOUR
    alice = connected(services, last_success_at=checked, page_from=checked - 2 * HOUR)
    Coverage.begin(alice.user_id, checked - 9 * HOUR)
    first = coverage.unjudged(alice, Appended(seen=[Seen(checked + HOUR / 2, True)]), frozen.now)
    assert (first.start, first.end) == (checked - 5 * MINUTE, checked + HOUR / 2)
    second = coverage.unjudged(alice, Appended(seen=[Seen(checked + HOUR / 4, True)]), frozen.now)
    assert second.end == checked + HOUR / 4
    begun = checked - 9 * HOUR
    assert stretches(alice) == [(begun, first.start), (first.end, None)]
    closed_gaps.close_by_import(alice.user_id, begun, frozen.now, import_id=7, added=[])
    assert stretches(alice) == [(begun, None)]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(which=st.lists(st.integers(0, 4), max_size=8))
def test_whatever_is_closed_and_opened_coverage_and_gaps_never_overlap(
    services, spotify, frozen, which
):
    for model in (Gap, Coverage):
        model.delete().execute()
    Connection.delete().execute()
    frozen.forward(days=1)
    alice = consenting(services, f"alice{clock.to_ms(frozen.now)}")
    polled(services, spotify, alice, full(prefix="first"))
    for number in range(5):
        frozen.forward(minutes=70)
        polled(services, spotify, alice, full(prefix=str(number)))
    found = list(Gap.select().order_by(Gap.started_at))
    total = (stretches(alice)[0][0], frozen.now)
    for number in which:
        gap = Gap.get_by_id(found[number].id)
        if gap.closed_at is None:
            closed_gaps.close_by_import(
                alice.user_id, gap.started_at, gap.ended_at, import_id=number, added=[]
            )
        else:
            closed_gaps.reopen(alice.user_id, number)
        open_gaps = [
            (one.probably_from, one.ended_at)
            for one in Gap.select().where(Gap.closed_at.is_null()).order_by(Gap.started_at)
        ]
        edges = [total[0]]
        for start, end in open_gaps:
            edges += [start, end]
        edges.append(None)
        assert stretches(alice) == list(zip(edges[::2], edges[1::2], strict=True))


def reconnects(services, member):
    tokens = Tokens("access-fresh", 3600, "refresh-fresh", scope="user-read-recently-played")
    visit = Visit(renews=True, signed_in=member.user_id)
    sign_up.join(services, Profile("account-alice", "alice", "Alice"), tokens, visit)
    Connection.update(access_encrypted=member.access_encrypted).execute()


STOPS = {
    "paused": (
        lambda _, member: wishes.pause(member.user_id),
        lambda services, member: wishes.resume(services, member.user_id),
    ),
    "paused, then connected again": (
        lambda _, member: wishes.pause(member.user_id),
        reconnects,
    ),
    "disconnected": (lambda _, member: wishes.disconnect(member.user_id), reconnects),
}


@pytest.mark.parametrize("minutes", [20, 180])
@pytest.mark.parametrize("kind", STOPS)
def test_coverage_grows_on_after_a_member_stopped_us_and_let_us_ask_again(
    services, spotify, frozen, kind, minutes
):
    stop, go_on = STOPS[kind]
    alice = consenting(services)
    first = full()
    polled(services, spotify, alice, first)
    stop(services, alice)
    assert stretches(alice) == [(oldest(first), clock.now())]
    frozen.forward(minutes=minutes)
    go_on(services, alice)
    polled(services, spotify, alice, first)
    assert stretches(alice) == [(oldest(first), None)]
    assert Gap.select().count() == 0


def test_a_gap_in_a_short_pause_is_found_and_a_later_one_is_no_pause(services, spotify, frozen):
    alice = consenting(services)
    first = full(prefix="a")
    polled(services, spotify, alice, first)
    wishes.pause(alice.user_id)
    frozen.forward(minutes=70)
    wishes.resume(services, alice.user_id)
    second = full(prefix="b")
    polled(services, spotify, alice, second)
    (gap,) = Gap.select()
    assert stretches(alice) == [(oldest(first), gap.probably_from), (oldest(second), None)]
    frozen.forward(hours=5)
    polled(services, spotify, alice, full(prefix="c"))
    assert [one.cause for one in Gap.select().order_by(Gap.ended_at)] == ["overflow", "downtime"]


def test_a_stretch_that_a_gap_ended_does_not_grow_into_it(services, spotify, frozen):
    alice = consenting(services)
    polled(services, spotify, alice, full())
    checked = Connection.get_by_id(alice.user_id).last_success_at
    Coverage.update(ended_at=checked - HOUR / 2).execute()
    before = stretches(alice)
    wishes.pause(alice.user_id)
    wishes.resume(services, alice.user_id)
    assert stretches(alice) == before
