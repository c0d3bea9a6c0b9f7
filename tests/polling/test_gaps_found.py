"""What a member's health page says after plays were lost, told by polls of the sandbox."""

from __future__ import annotations

from datetime import timedelta

import pytest

from audiospective import clock
from audiospective.accounts import sign_up
from audiospective.accounts.outcomes import Returned, Visit
from audiospective.clients.spotify import Profile, Tokens
from audiospective.history import bulk_add, hot_tail, removal, replacing, sealing
from audiospective.models import Connection, Play, UnreadablePlay
from audiospective.models.coverage import Coverage
from audiospective.models.gaps import Gap
from audiospective.models.plays import FROM_BOTH, FROM_IMPORT
from audiospective.models.poll_log import PollLog
from audiospective.policy import gaps
from audiospective.policy.gaps import Cause
from audiospective.policy.sealing import TRIGGER
from audiospective.polling import batch
from audiospective.sandbox.clock import iso
from tests.history import test_any_order
from tests.history.making import track
from tests.support.listener import LOCAL, Alice

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def inside(gap: Gap, at_ms: int) -> bool:
    return gap.started_at <= clock.from_ms(at_ms) <= gap.ended_at


def test_a_phone_that_was_offline_loses_71_plays_and_the_health_page_says_between_what(alice):
    alice.plays(30, until=alice.frozen.now - 10 * MINUTE)
    alice.poll()
    thirty = alice.archived()[-1]
    alice.passes(hours=12)
    alice.plays(1)  # on the speaker
    alice.poll()
    assert alice.gaps() == []
    alice.passes(minutes=30)
    alice.plays(120, until=alice.frozen.now - 2 * HOUR)  # the phone syncs
    assert alice.poll().new_plays == 49
    (gap,) = alice.gaps()
    assert gap.cause == Cause.LATE
    assert clock.to_ms(gap.probably_from) == thirty
    lost = alice.lost()
    assert len(lost) == 71
    assert all(clock.to_ms(gap.probably_from) < one["played_ms"] for one in lost)
    assert all(inside(gap, one["played_ms"]) for one in lost)


@pytest.mark.parametrize("left_out", [0, 1, 2, 5, 7])
def test_a_page_of_nothing_but_new_plays_leaves_a_gap_however_short_it_is(alice, left_out):
    alice.control.fault("left_out", items=left_out)
    alice.plays(50, until=alice.frozen.now - HOUR)
    alice.poll()
    alice.passes(hours=1)
    alice.plays(70, minutes=0.5)
    assert alice.poll().new_plays == 50 - left_out
    (gap,) = alice.gaps()
    assert all(inside(gap, one["played_ms"]) for one in alice.lost())


def test_fifty_items_that_are_no_plays_leave_a_gap_and_are_shown_as_unreadable(alice):
    alice.plays(1, until=alice.frozen.now - MINUTE)
    alice.poll()
    alice.passes(hours=3)
    times = [alice.frozen.now - n * MINUTE for n in range(60)]
    alice.control.add_plays("alice", [alice.item(at) for at in times])
    alice.poll()
    (gap,) = alice.gaps()
    assert gap.ended_at == times[49]
    assert all(inside(gap, clock.to_ms(at)) for at in times[50:])
    assert UnreadablePlay.select().where(UnreadablePlay.played_at.is_null(False)).count() == 50


def test_a_local_file_that_two_pages_share_proves_that_nothing_is_missing(alice):
    shared = alice.frozen.now
    alice.plays(5, until=shared - MINUTE)
    alice.control.add_plays("alice", [alice.item(shared)])
    alice.poll()
    alice.passes(hours=2)
    alice.plays(49, minutes=2)
    for _ in range(2):
        assert alice.control.plays("alice", "lost") == []
        alice.poll()
        assert alice.gaps() == []
        alice.passes(hours=1)


@pytest.mark.parametrize("first", ["readable", "unreadable"])
def test_a_play_whose_track_is_missing_once_is_still_the_same_play(alice, first):
    alice.plays(1)
    if first == "unreadable":
        alice.control.fault("null_track", times=1)
    alice.poll()
    alice.passes(hours=2)
    alice.plays(49, minutes=2)
    if first == "readable":
        alice.control.fault("null_track", times=1)
    alice.poll()
    assert alice.gaps() == []


def test_known_plays_whose_tracks_are_gone_are_no_late_plays_of_another_device(alice):
    alice.plays(50, minutes=5)
    alice.poll()
    alice.passes(hours=1)
    window = alice.control.state.listeners["alice"].tape.window
    for play in window[2::2]:  # an album that left Spotify
        play.raw = {"track": None, "played_at": iso(play.played_at), "context": None}
    alice.plays(1)
    alice.poll()
    assert alice.gaps() == []


def test_a_burst_after_many_quiet_checks_makes_a_gap_of_a_minute_that_may_reach_back(alice):
    evening = alice.frozen.now
    alice.plays(5)
    alice.poll()
    for _ in range(90):
        alice.passes(minutes=4)
        alice.poll()
    quiet = alice.frozen.now
    alice.passes(minutes=1)
    alice.plays(70, minutes=1 / 70)
    alice.poll()
    (gap,) = alice.gaps()
    assert (gap.started_at, gap.probably_from) == (evening, quiet - gaps.SETTLED)
    assert gap.ended_at - gap.probably_from < 7 * MINUTE
    assert gap.certainty == "possible"
    assert all(inside(gap, one["played_ms"]) for one in alice.lost())
    covered = Coverage.select().order_by(Coverage.started_at)
    assert [one.ended_at for one in covered] == [gap.probably_from, None]


def test_a_play_that_settles_below_a_known_one_and_is_pushed_out_lies_in_the_gap(alice):
    alice.plays(3, until=alice.frozen.now - MINUTE)
    alice.poll()
    alice.passes(minutes=1)
    alice.plays(1, until=alice.frozen.now - 3 * MINUTE)  # from a second device, a little late
    alice.passes(minutes=50)
    alice.plays(60, minutes=0.5)
    alice.poll()
    (gap,) = alice.gaps()
    late, *others = alice.lost()
    assert clock.from_ms(late["played_ms"]) < gap.probably_from
    assert inside(gap, late["played_ms"])
    assert all(gap.probably_from < clock.from_ms(one["played_ms"]) for one in others)
    assert len(others) == 10


@pytest.mark.parametrize("told", [True, False], ids=["linked", "plain again"])
def test_a_play_that_is_answered_under_another_id_stays_one_play(alice, told):
    alice.plays(3)
    if not told:  # the stand-in comes first, and the track itself later
        alice.control.fault("relinked", times=1)
    alice.poll()
    rows = list(Play.select(Play.played_at, Play.track).tuples())
    alice.passes(hours=1)
    for suffix in ("A", "B"):
        if told:
            alice.control.fault("relinked", times=1, suffix=suffix)
        assert alice.poll().new_plays == 0
    assert list(Play.select(Play.played_at, Play.track).tuples()) == rows
    assert alice.gaps() == []


@pytest.mark.parametrize("told", [True, False], ids=["linked", "plain again"])
def test_a_play_of_a_file_that_a_poll_tells_under_another_id_is_kept_as_one_of_both(alice, told):
    alice.plays(3)
    if not told:
        alice.control.fault("relinked", times=1)
    alice.poll()
    Play.update(source=FROM_IMPORT).execute()
    alice.passes(hours=1)
    if told:
        alice.control.fault("relinked", times=1)
    assert alice.poll().new_plays == 0
    assert [one.source for one in Play.select()] == [FROM_BOTH] * 3


def test_two_tracks_that_end_at_the_same_time_stay_two_plays(alice):
    alice.control.same_time("alice", 2)
    assert alice.poll().new_plays == 2


def test_a_deleted_play_that_comes_back_under_another_id_stays_deleted(alice):
    alice.plays(3)
    alice.poll()
    play = Play.select().order_by(Play.played_at).first()
    removal.remove(alice.row.user_id, [(play.played_at, play.track)])
    alice.control.fault("relinked", times=1)
    assert alice.poll().new_plays == 0
    assert Play.select().count() == 2


def test_a_page_whose_oldest_play_was_deleted_by_its_owner_leaves_no_gap(alice):
    alice.plays(1)
    alice.poll()
    play = Play.get()
    removal.remove(alice.row.user_id, [(play.played_at, play.track)])
    alice.passes(hours=2)
    alice.plays(49, minutes=2)
    alice.poll()
    assert alice.gaps() == []


def test_plays_that_were_sealed_away_count_as_known(alice):
    alice.plays(40, until=alice.frozen.now - MINUTE)
    alice.poll()
    newest = alice.archived()[-1]
    assert sealing.seal(alice.row.user_id, keep=0, trigger=0) == 40
    alice.passes(hours=5)
    alice.plays(60)
    alice.poll()
    (gap,) = alice.gaps()
    assert clock.to_ms(gap.probably_from) == newest


def test_what_was_played_after_the_consent_and_before_the_first_success_lies_in_a_gap(alice):
    alice.control.fault("status", times=3)
    assert batch.now(alice.services, alice.row.user_id).outcomes == {"failed:network": 1}
    alice.passes(hours=5)
    Connection.update(circuit_open_until=clock.EPOCH).execute()
    alice.plays(80)
    alice.poll()
    (gap,) = alice.gaps()
    assert gap.started_at == gap.probably_from == alice.row.authorized_at
    assert len(alice.lost()) + len(alice.control.plays("alice", "before")) == 30
    assert gap.cause == Cause.OUTAGE


def consents_again(alice: Alice) -> None:
    granted = alice.control.mint("alice")
    tokens = Tokens(granted["access_token"], 3600, granted["refresh_token"])
    profile = Profile("account-alice", "alice", "Alice")
    visit = Visit(renews=True, signed_in=alice.row.user_id)
    outcome = sign_up.join(alice.services, profile, tokens, visit)
    assert isinstance(outcome, Returned)
    assert outcome.connected


@pytest.mark.parametrize("consents", [1, 2])
@pytest.mark.parametrize(("plays", "lost"), [(20, 0), (80, 30)])
def test_consents_that_showed_no_page_leave_no_time_between_gap_and_coverage(
    alice, consents, plays, lost
):
    alice.control.fault("status", times=3)
    assert batch.now(alice.services, alice.row.user_id).outcomes == {"failed:network": 1}
    for _ in range(consents):
        alice.passes(hours=2)
        consents_again(alice)
    alice.passes(hours=5 - 2 * consents)
    alice.plays(plays)
    alice.poll()
    first, covered = alice.row.authorized_at, Coverage.first(alice.row.user_id)
    gaps_found = alice.gaps()
    for gap in gaps_found:
        assert gap.started_at == gap.probably_from == first
        assert gap.cause == Cause.AUTHORIZATION
        assert covered.started_at == gap.ended_at
    assert len(gaps_found) == bool(lost)
    if not lost:
        assert covered.started_at == first
    began = min([covered.started_at, *(gap.started_at for gap in gaps_found)])
    assert all(began <= clock.from_ms(one["played_ms"]) for one in alice.lost())
    consents_again(alice)
    assert Connection.get().first_authorized_at is None


@pytest.mark.parametrize("seen", ["nothing was played before", "nobody asked before"])
def test_a_small_page_of_nothing_but_new_plays_leaves_a_gap_back_to_the_consent(alice, seen):
    alice.control.fault("small_pages", items=20)
    if seen == "nothing was played before":
        alice.poll()
    alice.passes(hours=1)
    alice.plays(30, minutes=1.5)
    alice.poll()
    (gap,) = alice.gaps()
    assert gap.started_at == alice.row.authorized_at
    assert len(alice.archived()) == 20
    assert all(inside(gap, clock.to_ms(alice.frozen.now - 1.5 * n * MINUTE)) for n in range(20, 30))


def test_an_account_with_fewer_plays_than_a_page_never_has_a_gap(alice):
    for _ in range(12):
        alice.poll()
        alice.passes(hours=5)
        alice.plays(3)
    alice.poll()
    assert alice.gaps() == []


def test_late_plays_older_than_the_first_known_one_are_no_gap_in_a_small_account(alice):
    alice.plays(5)
    alice.poll()
    alice.passes(hours=1)
    alice.plays(5, until=alice.frozen.now - 3 * HOUR)
    assert alice.poll().new_plays == 5
    assert alice.gaps() == []


def imported(alice, at) -> None:
    """A play that a file told, of years before the connection."""
    Play.create(user=alice.row.user_id, played_at=clock.to_ms(at), track=1, source=FROM_IMPORT)


def test_imported_plays_of_earlier_years_make_no_gap_in_a_small_account(alice):
    imported(alice, alice.frozen.now - timedelta(days=800))
    alice.plays(5)
    alice.poll()
    alice.passes(hours=1)
    alice.plays(5, until=alice.frozen.now - 3 * HOUR)
    assert alice.poll().new_plays == 5
    assert alice.gaps() == []


@pytest.mark.parametrize("late", [0, 120])
def test_no_gap_reaches_back_to_imported_plays_of_earlier_years(alice, late):
    imported(alice, alice.frozen.now - timedelta(days=800))
    alice.plays(20, until=alice.frozen.now - 10 * MINUTE)
    alice.poll()
    begins = Coverage.get().started_at
    alice.passes(hours=12)
    alice.plays(1)
    alice.poll()
    alice.passes(hours=1)
    if late:
        alice.plays(late, until=alice.frozen.now - 2 * HOUR)
    else:
        alice.plays(60, minutes=0.5)
    alice.poll()
    (gap,) = alice.gaps()
    assert begins <= gap.started_at
    assert all(inside(gap, one["played_ms"]) for one in alice.lost())


@pytest.mark.parametrize("ended", ["yesterday", "2031-01-01T00:00:00.000Z"])
def test_a_page_without_a_usable_time_is_no_success_and_what_it_holds_is_kept(alice, ended):
    alice.plays(2, until=alice.frozen.now - MINUTE)
    alice.poll()
    success = Connection.get().last_success_at
    alice.passes(hours=1)
    now = alice.frozen.now
    alice.control.add_plays(
        "alice",
        [
            {"played_at": now, "track": None, "raw": {**LOCAL, "played_at": ended, "number": n}}
            for n in range(50)
        ],
    )
    alice.poll()
    assert Connection.get().last_success_at == success
    assert UnreadablePlay.select().count() == 50
    assert [one.outcome for one in PollLog.select().order_by(PollLog.at)] == ["ok", "undated"]
    assert alice.gaps() == []  # not yet: the next page tells
    alice.passes(hours=1)
    alice.plays(50, minutes=0.5)
    alice.poll()
    assert alice.gaps()[0].probably_from == success - MINUTE


def one_by_one(user_id, plays):
    hot_tail.insert(user_id, bulk_add.as_rows(plays))
    sealing.seal(user_id)


def in_a_file(user_id, plays):
    before = replacing.snapshot(user_id)
    together = before.plays.vstack(plays).sort("played_at", "track")
    replacing.replace(user_id, before, together)


@pytest.mark.parametrize("come", [one_by_one, bulk_add.absorb, in_a_file])
def test_what_other_programs_tell_of_later_plays_leaves_the_last_page_known(alice, come):
    alice.plays(50, until=alice.frozen.now)
    alice.poll()
    alice.passes(hours=12)
    song, now = track("elsewhere"), clock.to_ms(alice.frozen.now)
    heard = test_any_order.imported(
        [(now - 180_000 * n, song) for n in reversed(range(160))], ms_played=180_000
    )
    come(alice.row.user_id, heard)
    alice.plays(2)
    assert alice.poll().new_plays == 2
    assert alice.gaps() == []
    assert len(alice.archived()) <= TRIGGER
