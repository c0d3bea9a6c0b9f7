"""Another Spotify account in an archive: its first page is judged by nothing of the one before."""

from __future__ import annotations

from datetime import timedelta

import pytest

from audiospective import clock
from audiospective.accounts import attachment, sign_up
from audiospective.accounts.outcomes import Joined, Visit
from audiospective.clients.spotify import Profile, Tokens
from audiospective.models import Connection, User
from audiospective.models.coverage import Coverage
from audiospective.models.gaps import Gap
from audiospective.models.poll_log import PollLog
from audiospective.notices import signed_links
from audiospective.policy.gaps import SETTLED
from audiospective.polling import closed_gaps, coverage
from audiospective.polling.batch import now as poll_now
from tests.factories import connected, listening, page, play

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def detached(services, user_id):
    account = attachment._mark(User.get_by_id(user_id).spotify_account_id)
    until = clock.now() + DAY
    token = signed_links.sign(
        services.settings, signed_links.DETACH, user_id, account, expires_at=until
    )
    assert attachment.undo(services, token)


def attached(services, user_id, name):
    tokens = Tokens(f"access-{user_id}", 3600, "refresh-new", "user-read-recently-played")
    visit = Visit(signed_in=user_id, attaches=True)
    outcome = sign_up.join(services, Profile(f"account-{name}", name, name), tokens, visit)
    assert isinstance(outcome, Joined)
    assert outcome.attached
    return clock.now()


def polled(services, spotify, user_id, found):
    spotify.pages[f"access-{user_id}"] = found
    Connection.update(access_expires_at=clock.now() + HOUR).execute()
    return poll_now(services, user_id)


def spread(count, over, prefix="b"):
    """So many plays, the oldest of which ended `over` ago."""
    minutes = over / MINUTE / (count - 1)
    return listening(clock.now(), count, minutes=minutes, prefix=prefix)


def stretches():
    rows = Coverage.select().order_by(Coverage.started_at)
    return [(row.started_at, row.ended_at) for row in rows]


def gaps():
    rows = Gap.select().order_by(Gap.ended_at)
    return [(row.started_at, row.probably_from, row.ended_at, row.cause, row.certainty)
            for row in rows]  # fmt: skip


def unasked(since, until):
    return (since - SETTLED, since, until, "paused", "possible")


@pytest.fixture
def alice(services, spotify, frozen):
    """A member without a gap in 30 days: the id, when that began, and the last check."""
    member = connected(services, authorized_at=clock.now())
    polled(services, spotify, member.user_id, spread(50, 30 * DAY, "first"))
    ((begun, _),) = stretches()
    return member.user_id, begun, clock.now()


@pytest.mark.parametrize(
    ("away", "items", "over"),
    [
        (HOUR, 50, 5 * DAY),
        (10 * DAY, 50, 5 * DAY),
        (10 * DAY, 50, 11 * DAY),
        (HOUR, 50, 60 * DAY),  # beyond all that is archived
        (10 * DAY, 12, 20 * DAY),
        (HOUR, 3, 10 * MINUTE),
        (HOUR, 0, 0 * DAY),
    ],
)
def test_the_time_in_which_neither_account_was_asked_is_a_gap_and_the_only_one(
    services, spotify, frozen, alice, items, over, away
):
    user_id, begun, last = alice
    frozen.forward(minutes=30)
    detached(services, user_id)
    frozen.forward(seconds=(away - 30 * MINUTE).total_seconds())
    since = attached(services, user_id, "bob")
    assert gaps() == [unasked(last, since)]
    frozen.forward(minutes=1)
    found = spread(items, over) if items else page()
    for _ in range(2):
        assert polled(services, spotify, user_id, found).outcomes == {"archived": 1}
        assert Connection.get().last_success_at == clock.now()
        assert gaps() == [unasked(last, since)]
        assert stretches() == [(begun, last), (since, None)]
        frozen.forward(hours=1)
    newest = PollLog.select().order_by(PollLog.at.desc()).limit(2)
    assert [one.outcome for one in newest] == ["ok"] * 2


def test_late_plays_from_before_the_attaching_leave_no_gap_of_no_length(
    services, spotify, frozen, alice
):
    user_id, begun, last = alice
    detached(services, user_id)
    frozen.forward(hours=1)
    since = attached(services, user_id, "bob")
    frozen.forward(minutes=1)
    first = spread(50, 5 * DAY)
    polled(services, spotify, user_id, first)
    told = sorted(first.plays, key=lambda one: one.played_at)
    late = [
        play(clock.from_ms(one.played_at + 60_000), f"late {one.played_at}") for one in told[8:16]
    ]
    items = page(*told[8:], *late)
    frozen.forward(hours=1)
    polled(services, spotify, user_id, items)
    assert gaps() == [unasked(last, since)]
    assert stretches() == [(begun, last), (since, None)]


def test_a_first_page_that_does_not_reach_back_to_the_attaching_leaves_a_gap_since_then(
    services, spotify, frozen, alice
):
    user_id, begun, last = alice
    detached(services, user_id)
    frozen.forward(hours=5)
    since = attached(services, user_id, "bob")
    frozen.forward(hours=3)
    found = spread(50, HOUR)
    polled(services, spotify, user_id, found)
    oldest = clock.from_ms(found.oldest)
    assert gaps() == [
        unasked(last, since),
        (since, since, oldest, "downtime", "possible"),
    ]
    assert stretches() == [(begun, last), (oldest, None)]


def test_the_first_plays_after_an_empty_page_are_no_gap_back_to_the_other_account(
    services, spotify, frozen, alice
):
    user_id, begun, last = alice
    detached(services, user_id)
    frozen.forward(hours=5)
    since = attached(services, user_id, "bob")
    polled(services, spotify, user_id, page())
    frozen.forward(hours=4)
    polled(services, spotify, user_id, spread(3, 30 * MINUTE))
    assert gaps() == [unasked(last, since)]
    assert stretches() == [(begun, last), (since, None)]


def test_an_account_that_was_never_asked_lengthens_the_gap(services, spotify, frozen, alice):
    user_id, begun, last = alice
    for name in ("bob", "charlie"):
        detached(services, user_id)
        frozen.forward(hours=5)
        since = attached(services, user_id, name)
    assert gaps() == [unasked(last, since)]
    polled(services, spotify, user_id, spread(50, 5 * DAY))
    assert gaps() == [unasked(last, since)]
    assert stretches() == [(begun, last), (since, None)]


def test_every_account_that_was_asked_has_a_stretch_of_its_own(services, spotify, frozen, alice):
    user_id, begun, last = alice
    expected, covered = [], [(begun, last)]
    for name in ("bob", "charlie"):
        detached(services, user_id)
        frozen.forward(hours=5)
        since = attached(services, user_id, name)
        expected.append(unasked(last, since))
        frozen.forward(minutes=20)
        polled(services, spotify, user_id, spread(50, 5 * DAY, name))
        last = clock.now()
        covered.append((since, last))
    assert gaps() == expected
    assert stretches() == [*covered[:-1], (since, None)]


def test_a_consent_before_the_first_page_changes_nothing(services, spotify, frozen, alice):
    user_id, begun, last = alice
    detached(services, user_id)
    frozen.forward(hours=5)
    since = attached(services, user_id, "bob")
    frozen.forward(minutes=10)
    tokens = Tokens(f"access-{user_id}", 3600, "refresh-newer", "user-read-recently-played")
    visit = Visit(signed_in=user_id, renews=True)
    sign_up.join(services, Profile("account-bob", "bob", "bob"), tokens, visit)
    polled(services, spotify, user_id, spread(50, 5 * DAY))
    assert gaps() == [unasked(last, since)]
    assert stretches() == [(begun, last), (since, None)]


@pytest.mark.parametrize("reaching", [True, False])
def test_an_import_that_closed_the_gap_before_the_first_page_leaves_one_stretch(
    services, spotify, frozen, alice, reaching
):
    user_id, begun, last = alice
    detached(services, user_id)
    frozen.forward(hours=5)
    since = attached(services, user_id, "bob")
    closed_gaps.close_by_import(user_id, last - HOUR, since, import_id=7, added=[])
    frozen.forward(hours=3)
    found = spread(50, 5 * DAY if reaching else HOUR)
    polled(services, spotify, user_id, found)
    oldest = clock.from_ms(found.oldest)
    gap = [] if reaching else [(since, oldest)]
    opened = Gap.select(Gap.started_at, Gap.ended_at).where(Gap.closed_at.is_null())
    assert list(opened.tuples()) == gap
    assert stretches() == ([(begun, None)] if reaching else [(begun, last), (oldest, None)])
    closed_gaps.reopen(user_id, 7)
    assert stretches() == [(begun, last), (since, None) if reaching else (oldest, None)]


@pytest.mark.parametrize("away", [HOUR, 5 * DAY])
@pytest.mark.parametrize("twice", [False, True])
def test_the_same_account_goes_on_where_it_was_taken_away(
    services, spotify, frozen, alice, away, twice
):
    user_id, begun, _ = alice
    same = spotify.pages[f"access-{user_id}"]
    for _ in range(1 + twice):
        detached(services, user_id)
        frozen.forward(seconds=away.total_seconds())
        attached(services, user_id, "alice")
    polled(services, spotify, user_id, same)
    assert gaps() == []
    assert stretches() == [(begun, None)]


def test_the_same_account_after_another_one_is_another_one(services, spotify, frozen, alice):
    user_id, _, last = alice
    detached(services, user_id)
    frozen.forward(hours=5)
    since = attached(services, user_id, "bob")
    polled(services, spotify, user_id, spread(3, HOUR))
    detached(services, user_id)
    frozen.forward(hours=5)
    again = attached(services, user_id, "alice")
    assert gaps() == [unasked(last, since), unasked(since, again)]


def test_a_last_check_by_a_clock_that_was_ahead_proves_no_more_than_the_newest_play(
    services, spotify, frozen, alice
):
    user_id, begun, _ = alice
    newest = Connection.get().newest_play_at
    ahead = clock.now() + 3 * DAY
    Connection.update(last_success_at=ahead).where(Connection.user == user_id).execute()
    detached(services, user_id)
    assert stretches() == [(begun, ahead)]
    frozen.forward(hours=5)
    since = attached(services, user_id, "bob")
    assert gaps() == [unasked(newest, since)]
    polled(services, spotify, user_id, spread(50, 5 * DAY))
    assert stretches() == [(begun, newest), (since, None)]


@pytest.mark.parametrize("reaching", [True, False])
def test_a_first_page_that_cannot_be_judged_leaves_what_the_other_account_proved(
    services, spotify, frozen, alice, reaching, monkeypatch
):
    user_id, begun, last = alice
    detached(services, user_id)
    frozen.forward(hours=5)
    since = attached(services, user_id, "bob")
    frozen.forward(hours=2)

    def broken(*_):
        raise ZeroDivisionError

    monkeypatch.setattr(coverage.gaps, "gap", broken)
    found = spread(50, 5 * DAY if reaching else HOUR)
    polled(services, spotify, user_id, found)
    from_then = since if reaching else clock.from_ms(found.oldest)
    assert gaps()[0] == unasked(last, since)
    assert [one[2] for one in gaps()[1:]] == ([] if reaching else [from_then])
    assert stretches() == [(begun, last), (from_then, None)]


def test_an_archive_that_came_as_a_bundle_goes_on_with_the_account_attached_to_it(
    services, spotify, frozen, alice
):
    user_id, begun, _ = alice
    same = spotify.pages[f"access-{user_id}"]
    detached(services, user_id)
    Connection.delete().execute()  # nobody was asked here
    frozen.forward(hours=5)
    attached(services, user_id, "bob")
    polled(services, spotify, user_id, same)
    assert gaps() == []
    assert stretches() == [(begun, None)]
