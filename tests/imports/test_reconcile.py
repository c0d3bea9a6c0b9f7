"""A poll that brings what an import brought already: one play, with the best of both."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from audiospective import clock, history
from audiospective.history import (
    append,
    integrity,
    known_items,
    recovered,
    removal,
    sealing,
    segment,
)
from audiospective.history.catalog import polled
from audiospective.imports import archive, archive_frames, listens, reconcile, rounds
from audiospective.models import DamagedSegment, Import, PlaySegment, RemovedPlay, User
from audiospective.models.gaps import Gap
from audiospective.models.imports import UNDONE
from audiospective.models.plays import SENT_LIVE
from audiospective.policy.plays import Page, PolledPlay
from audiospective.policy.timing import Timing
from audiospective.polling import batch, other_account
from audiospective.services import Services
from tests import factories
from tests.exports.making import imported
from tests.fakes import FakeSpotify
from tests.imports.importing import done, spotify_file, spotify_row, undone
from tests.imports.reading_files import as_json
from tests.support.clocks import Frozen

pytestmark = pytest.mark.usefixtures("at_once")


def test_zip_first_then_live(services: Services) -> None:
    alice = factories.make_user("alice")
    page = factories.listening(datetime(2025, 3, 5, 12, 0, 0, 417_000, tzinfo=UTC), 4)
    rows = [
        spotify_row(
            datetime.fromtimestamp(one.played_at // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            spotify_track_uri=f"spotify:track:{number:022d}",
            master_metadata_track_name=one.track.name,
            master_metadata_album_artist_name=one.track.artists[0].name,
        )
        for number, one in enumerate(page.plays)
    ]
    row = done(services, alice, spotify_file(*rows, spotify_row("2025-03-05T13:00:00Z", song=9)))
    assert (row.added, rounds.join(services)) == (5, 0)
    tracks = polled.remember([play.track for play in page.plays])
    append.polled(
        [
            append.NewPlay(alice.id, one.played_at, tracks[one.track.spotify_id], "spotify:x")
            for one in page.plays
        ]
    )
    assert history.total(alice.id) == 9
    assert rounds.join(services) == 1
    assert reconcile.reconcile(alice.id) == 4
    found = history.frame(alice.id, columns=["played_at", "source", "ms_played", "context"])
    assert found.height == 5
    assert found["played_at"][0].microsecond == 417_000
    assert found.rows()[0][1:] == (3, 180_000, "spotify:x")
    assert (reconcile.reconcile(alice.id), rounds.join(services)) == (0, 0)
    undone(services, row)
    assert history.frame(alice.id)["source"].to_list() == [1, 1, 1, 1]


def test_what_a_poll_brings_while_others_are_joined_is_joined_in_the_next_round(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice = factories.make_user("alice")
    page = factories.listening(datetime(2025, 3, 5, 12, 0, 0, 417_000, tzinfo=UTC), 2)
    tracks = polled.remember([play.track for play in page.plays])
    done(services, alice, spotify_file(*map(told, page.plays)))
    late = [page.plays[1]]

    def poll(play: PolledPlay) -> None:
        key = play.played_at, tracks[play.track.spotify_id]
        append.polled([append.NewPlay(alice.id, *key, None)])

    opened = archive.opened

    def meanwhile(user_id: int) -> object:
        found = opened(user_id)
        if late:
            poll(late.pop())
        return found

    monkeypatch.setattr(archive, "opened", meanwhile)
    poll(page.plays[0])
    assert reconcile.reconcile(alice.id) == 1
    assert history.total(alice.id) == 3
    assert rounds.join(services) == 1
    assert reconcile.reconcile(alice.id) == 1
    assert (history.total(alice.id), rounds.join(services)) == (2, 0)


@pytest.mark.parametrize("way", ["scrobbler", "account data"])
def test_a_play_of_a_file_that_was_deleted_stays_so_when_a_poll_tells_it(
    way: str, services: Services
) -> None:
    alice = factories.make_user("alice")
    at = datetime(2025, 3, 5, 12, 0, 40, 417_000, tzinfo=UTC)
    play, later = factories.play(at), factories.play(at + timedelta(hours=1))
    names = {"artistName": "Harbour Lights", "trackName": "Slack Water", "msPlayed": 200_000}
    row = {"endTime": f"{at:%Y-%m-%d %H:%M}", **names}
    files = {
        "scrobbler": scrobbled(int(at.timestamp()) - 200),
        "account data": {"StreamingHistory_music_0.json": as_json([row])},
    }
    brought = done(services, alice, files[way])
    assert removal.remove(alice.id, keys(alice)) == brought.added == 1
    for _ in range(2):
        poll(alice, play, later)
        if rounds.join(services):
            reconcile.reconcile(alice.id)
        assert [moment for moment, _ in keys(alice)] == [later.played_at]
    (stone,) = removal.removed(alice.id, clock.now() - removal.UNDO)
    assert removal.restore(alice.id, [(clock.to_ms(stone[0]), stone[1])]) == 1
    assert [moment for moment, _ in keys(alice)] == [play.played_at, later.played_at]
    assert undone(services, brought).status == UNDONE
    assert history.frame(alice.id)["source"].to_list() == [1, 1]


def test_a_deleted_beginning_is_no_end_of_the_same_song_before_it(services: Services) -> None:
    alice = factories.make_user("alice")
    at = datetime(2025, 3, 5, 12, tzinfo=UTC)
    poll(alice, factories.play(at - timedelta(days=1)))  # by which the length is known
    first, second = int(at.timestamp()), int(at.timestamp()) + 205
    done(services, alice, scrobbled(second))
    removal.remove(alice.id, keys(alice)[1:])
    row = done(services, alice, scrobbled(first, second))
    assert (row.added, row.skipped) == (1, 1)
    assert [moment for moment, _ in keys(alice)][1:] == [first * 1000]


def test_a_play_of_a_file_at_the_very_key_of_a_deleted_one_is_seen(services: Services) -> None:
    alice = factories.make_user("alice")
    at = datetime(2025, 3, 5, 12, tzinfo=UTC)
    known = factories.play(at - timedelta(days=1))
    poll(alice, known)  # by which the length is known
    done(services, alice, scrobbled(int(at.timestamp())))
    (deleted,) = keys(alice)[1:]
    removal.remove(alice.id, [deleted])
    ends = [factories.play(at), factories.play(at + timedelta(seconds=200))]
    more = {
        "spotify_track_uri": f"spotify:track:{known.track.spotify_id}",
        "master_metadata_album_album_name": "Harbour Lights sings",
        "ms_played": 200_000,
    }
    rows = [told(one) | more for one in ends]
    row = done(services, alice, spotify_file(*rows))
    assert (row.added, row.skipped) == (1, 1)  # one ended where the deleted one began
    assert keys(alice)[1:] == [(deleted[0] + 1, deleted[1])]


@pytest.mark.parametrize("ms", [0, 1, 417, 999])
@pytest.mark.parametrize("days", [1, 31])
def test_a_play_that_ends_within_a_second_of_a_deleted_beginning_is_stored_at_once(
    days: int, ms: int, services: Services, frozen: Frozen
) -> None:
    at = datetime(2025, 3, 5, 12, tzinfo=UTC)
    frozen.to(at + timedelta(days=90))
    alice = factories.make_user("alice")
    known = factories.play(at - timedelta(days=1))
    shown(alice, known)  # by which the length is known
    done(services, alice, scrobbled(int(at.timestamp())))
    removal.remove(alice.id, keys(alice)[1:])
    frozen.forward(days=days)
    removal.drop_expired(frozen.now)
    ends = factories.play(at + timedelta(milliseconds=ms))
    for new in (1, 0):
        assert len(shown(alice, known, ends).plays) == new
        assert [moment for moment, _ in keys(alice)][1:] == [clock.to_ms(at) + (ms or 1)]


@pytest.mark.parametrize("sent", [False, True])
def test_a_play_that_is_undeleted_comes_without_what_an_import_told_that_was_taken_back(
    sent: bool, services: Services
) -> None:
    alice = factories.make_user("alice")
    play = factories.play(datetime(2025, 3, 5, 12, 0, 40, 417_000, tzinfo=UTC))
    shown(alice, play)
    if sent:
        listens.take(alice.id, [listen(play)])
    before = history.frame(alice.id)
    row = done(services, alice, spotify_file(told(play) | {"reason_end": "fwdbtn"}))
    assert history.frame(alice.id)["reason_end"].to_list() == ["fwdbtn"]
    (key,) = keys(alice)
    removal.remove(alice.id, [key])
    undone(services, row)
    assert removal.restore(alice.id, [key]) == 1
    after = history.frame(alice.id)
    if sent:  # a better source's word for what a player told stays, as without a deletion
        before, after = before.drop(archive_frames.SENT), after.drop(archive_frames.SENT)
    assert after.equals(before)


def test_plays_that_imports_put_into_a_gap_are_counted_anew_when_they_come_go_or_are_joined(
    services: Services,
) -> None:
    alice = factories.make_user("alice")
    start = datetime(2025, 3, 5, 12, tzinfo=UTC)
    plays = [factories.play(start + timedelta(minutes=5 * number, milliseconds=9))
             for number in range(1, 5)]  # fmt: skip
    end = start + timedelta(hours=1)
    gap = Gap.create(user=alice, started_at=start, probably_from=start, ended_at=end,
                     cause="outage", certainty="sure", opened_at=end)  # fmt: skip

    def recovered() -> int:
        return int(Gap.get_by_id(gap.id).recovered)

    done(services, alice, spotify_file(*map(told, plays[:3])))
    assert recovered() == 3
    removal.remove(alice.id, keys(alice)[:2])
    assert recovered() == 1
    for stone in RemovedPlay.select().order_by(RemovedPlay.played_at).limit(1):
        removal.restore(alice.id, [(stone.played_at, stone.track)])
    assert recovered() == 2
    listens.take(alice.id, [listen(plays[3])])
    assert recovered() == 3
    shown(alice, plays[0])
    assert reconcile.reconcile(alice.id) == 1
    assert recovered() == 2
    shown(alice, plays[3])
    assert listens.join(alice.id) == 1
    assert recovered() == 1


def test_a_play_in_a_gap_that_a_check_tells_at_the_very_time_of_a_file_is_no_longer_counted(
    services: Services, spotify: FakeSpotify, frozen: Frozen
) -> None:
    alice = factories.connected(services).user
    early, late = factories.listening(frozen.now.replace(microsecond=0), 2).plays[::-1]
    Gap.create(
        user=alice,
        started_at=clock.from_ms(early.played_at - 60_000),
        probably_from=clock.from_ms(early.played_at - 60_000),
        ended_at=clock.from_ms(early.played_at),
        cause="downtime",
        certainty="possible",
        opened_at=frozen.now,
    )
    rows = [{**told(one), "spotify_track_uri": f"spotify:track:{one.track.spotify_id}"}
            for one in (early, late)]  # fmt: skip
    done(services, alice, spotify_file(*rows))
    assert Gap.get().recovered == 1
    spotify.pages[f"access-{alice.id}"] = factories.page(early, late)
    assert batch.now(services, alice.id).outcomes == {"archived": 1}
    assert history.frame(alice.id)["source"].to_list() == [3, 3]
    assert rounds.join(services) == 1
    reconcile.reconcile(alice.id)
    assert Gap.select().order_by(Gap.id).get().recovered == 0
    assert rounds.join(services) == 0


@pytest.mark.parametrize("sent", [False, True])
def test_a_year_that_stood_aside_comes_back_without_doubles_and_what_was_taken_back(
    sent: bool, services: Services
) -> None:
    alice = factories.make_user("alice")
    page = factories.listening(datetime(2025, 3, 5, 12, 0, 0, 417_000, tzinfo=UTC), 4)
    *of_checks, own = page.plays
    poll(alice, *of_checks)
    if sent:
        listens.take(alice.id, [listen(own)])
    taken_back = done(services, alice, spotify_file(*map(told, page.plays)))
    assert history.total(alice.id) == 4
    sealing.seal(alice.id, keep=0, trigger=0)
    whole = bytes(PlaySegment.get().blob)
    PlaySegment.update(blob=whole[:-1] + b"?").execute()
    assert integrity.examine(alice.id).faults
    undone(services, taken_back)
    kept = done(services, alice, spotify_file(*map(told, of_checks)))
    assert (history.total(alice.id), kept.added) == (3, 3)
    DamagedSegment.update(blob=whole).execute()
    assert integrity.examine(alice.id).healed == [2025]
    assert rounds.join(services) == 1
    assert reconcile.reconcile(alice.id) == 3
    plays = history.frame(alice.id).sort("source", "played_at", descending=True)
    assert plays["source"].to_list() == [3, 3, 3, *[2] * sent]
    live = [row.id for row in Import.select().where(Import.live)]
    assert plays["import_id"].to_list() == [kept.id] * 3 + live
    assert plays["seen"].to_list() == [1, 1, 1, *[SENT_LIVE] * sent]
    assert plays["reason_end"].null_count() == sent


@pytest.mark.parametrize("way", ["sent again", "worked in anew"])
def test_plays_that_a_file_told_before_and_after_their_year_was_set_aside_are_there_once(
    way: str, services: Services
) -> None:
    """Whether the member sends it again, or another import is taken back, which tells all anew."""
    alice = factories.make_user("alice")
    began = datetime(2025, 3, 5, 12, 0, 0, 417_000, tzinfo=UTC)
    on_repeat = [factories.play(began + number * timedelta(seconds=40), "Ebb")
                 for number in range(3)]  # fmt: skip
    uri = f"spotify:track:{on_repeat[0].track.spotify_id}"
    heard = {"spotify_track_uri": uri, "ms_played": 35_000}
    history_file = spotify_file(*(told(one) | heard for one in on_repeat))
    poll(alice, on_repeat[0], on_repeat[2])  # checks do not show each
    done(services, alice, history_file)
    other = done(services, alice, spotify_file(spotify_row("2023-01-01T10:00:00Z")))
    before = history.frame(alice.id).filter(pl.col("played_at").dt.year() == 2025)
    assert before["source"].to_list() == [3, 2, 3]
    sealing.seal(alice.id, keep=0, trigger=0)
    of_year = PlaySegment.year == 2025
    whole = bytes(PlaySegment.get(of_year).blob)
    PlaySegment.update(blob=whole[:-1] + b"?").where(of_year).execute()
    assert integrity.examine(alice.id).faults
    if way == "sent again":
        assert done(services, alice, history_file).added == 3
    else:
        undone(services, other)
    DamagedSegment.update(blob=whole).execute()
    assert integrity.examine(alice.id).healed == [2025]
    if rounds.join(services):
        reconcile.reconcile(alice.id)
    after = history.frame(alice.id).filter(pl.col("played_at").dt.year() == 2025)
    assert after.drop("import_id").equals(before.drop("import_id"))


def test_what_an_import_brings_while_a_round_looks_at_a_gap_stays_counted(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice = factories.make_user("alice")
    start, end = (datetime(2025, 3, 5, hour, tzinfo=UTC) for hour in (12, 13))
    Gap.create(user=alice, started_at=start, probably_from=start, ended_at=end,
               cause="outage", certainty="sure", opened_at=end)  # fmt: skip
    done(services, alice, spotify_file(spotify_row("2025-03-05T10:00:00Z", song=1)))
    together = reconcile.together

    def meanwhile(found: archive_frames.ArchiveFrames) -> object:
        done(services, alice, spotify_file(spotify_row("2025-03-05T12:30:00Z", song=2)))
        return together(found)

    with monkeypatch.context() as patch:
        patch.setattr(reconcile, "together", meanwhile)
        assert reconcile.reconcile(alice.id) == 0
    assert Gap.get().recovered == 1
    assert rounds.join(services) == 1
    assert reconcile.reconcile(alice.id) == 0
    assert (Gap.get().recovered, rounds.join(services)) == (1, 0)


def test_plays_of_a_player_in_a_gap_that_another_account_opens_are_counted_by_the_next_round(
    services: Services, frozen: Frozen
) -> None:
    at = datetime(2025, 3, 5, 12, tzinfo=UTC)
    frozen.to(at + timedelta(hours=2))
    alice = factories.make_user("alice")
    factories.make_connection(services, alice, last_success_at=at)
    listens.take(alice.id, [listen(factories.play(at + timedelta(hours=1)))])
    other_account.attached(alice.id, clock.now())
    assert rounds.to_join() == [alice.id]
    assert listens.join(alice.id) == 0
    assert Gap.get().recovered == 1
    assert rounds.to_join() == []
    # One more account before a check was made: the gap grows.
    frozen.forward(hours=2)
    listens.take(alice.id, [listen(factories.play(at + timedelta(hours=3)))])
    frozen.forward(hours=2)
    other_account.attached(alice.id, clock.now())
    assert rounds.to_join() == [alice.id]
    assert listens.join(alice.id) == 0
    assert Gap.get().recovered == 2


def test_what_a_player_sends_again_after_an_import_that_told_its_end_was_taken_back_is_known(
    services: Services,
) -> None:
    alice = factories.make_user("alice")
    play = factories.play(datetime(2025, 3, 5, 12, 0, 40, 417_000, tzinfo=UTC))
    assert listens.take(alice.id, [listen(play)]).added == 1
    undone(
        services,
        done(services, alice, spotify_file(told(play) | {"ms_played": 200_103, "platform": None})),
    )
    assert listens.take(alice.id, [listen(play)]).known == 1
    assert history.total(alice.id) == 1


def test_two_ends_of_one_song_that_a_program_tells_one_by_one_are_two_plays(
    services: Services,
) -> None:
    alice = factories.make_user("alice")
    one = listen(factories.play(datetime(2025, 3, 5, 12, tzinfo=UTC)))
    names = one["track_metadata"]
    assert isinstance(names, dict)
    # As ListenBrainz reads Spotify: the song was heard for 70 seconds, and then again.
    names["additional_info"] = {"listening_from": "spotify", "duration_ms": 70_000}
    ends = [one, one | {"listened_at": int(str(one["listened_at"])) + 70}]
    assert [listens.take(alice.id, [end]).added for end in ends] == [1, 1]
    assert [listens.take(alice.id, [end]).known for end in ends] == [1, 1]
    assert history.total(alice.id) == 2


def test_a_round_of_players_reads_gaps_only_if_a_check_opened_one(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice = factories.make_user("alice")
    at = datetime(2025, 3, 5, 12, tzinfo=UTC)
    counted: list[int] = []  # each time with the answer that all could be counted
    listens.take(alice.id, [listen(factories.play(at + timedelta(hours=n))) for n in (0, 2)])
    with monkeypatch.context() as patch:
        patch.setattr(recovered, "recount", lambda user_id, *_: not counted.append(user_id))
        shown(alice, factories.play(at + timedelta(hours=1)))
        assert rounds.to_join() == [alice.id]
        assert (listens.join(alice.id), counted) == (0, [])
        assert rounds.to_join() == []
        Import.look_again(alice.id, at, at)
        assert rounds.to_join() == [alice.id]
        assert (listens.join(alice.id), counted) == (0, [alice.id])
        assert rounds.to_join() == []


@pytest.mark.parametrize("hours", [-11, 4])
def test_what_polls_bring_in_the_time_of_a_file_whose_clock_was_put_right_is_joined(
    hours: int, services: Services
) -> None:
    alice = factories.make_user("alice")
    began = int(datetime(2025, 3, 5, 12, tzinfo=UTC).timestamp())
    wrong = scrobbled(*(began - hours * 3600 + 240 * number for number in range(3)))
    row = done(services, alice, wrong, clocks={"lastfm": f"{hours * 60:+d}"})
    assert (row.added, rounds.join(services)) == (3, 0)
    ends = [(began + 480) * 1000 + 200_417, began * 1000 + 200_417]
    poll(alice, *(factories.play(clock.from_ms(end)) for end in ends))
    assert rounds.join(services) == 1
    assert reconcile.reconcile(alice.id) == 2
    assert (history.total(alice.id), rounds.join(services)) == (3, 0)


def test_what_polls_bring_on_the_last_day_of_a_file_of_days_is_joined(services: Services) -> None:
    alice = factories.make_user("alice")
    rows = ["date,track,artist", *(f"2025-03-0{day},Slack Water,Harbour Lights" for day in (4, 5))]
    row = done(services, alice, {"plays.csv": "\n".join(rows).encode()})
    assert (row.added, rounds.join(services)) == (2, 0)
    poll(alice, factories.play(datetime(2025, 3, 5, 21, 30, 0, 417_000, tzinfo=UTC)))
    assert rounds.join(services) == 1
    assert reconcile.reconcile(alice.id) == 1
    assert (history.total(alice.id), rounds.join(services)) == (2, 0)


def test_plays_that_are_joined_in_one_imports_time_hide_none_that_come_in_anothers(
    services: Services,
) -> None:
    alice = factories.make_user("alice")
    start, later = (datetime(2025, 3, day, 12, tzinfo=UTC) for day in (5, 9))
    page = factories.listening(start, 5).plays
    done(services, alice, spotify_file(*map(told, page)))
    sent = [factories.play(later + timedelta(minutes=10 * number)) for number in range(2)]
    listens.take(alice.id, [listen(one) for one in sent])
    shown(alice, *page)
    assert reconcile.reconcile(alice.id) == 5
    shown(alice, *sent)
    assert rounds.waits_to_be_joined(alice.id)
    assert rounds.may_be_listed_twice(alice.id)
    assert listens.join(alice.id) == 2
    assert history.total(alice.id) == 7


@pytest.mark.parametrize("days", [1, 31])
def test_a_deleted_beginning_hides_no_end_under_another_id_or_without_its_track(
    days: int, services: Services, frozen: Frozen
) -> None:
    at = datetime(2025, 3, 5, 12, tzinfo=UTC)
    frozen.to(at + timedelta(days=90))
    alice = factories.make_user("alice")
    known = factories.play(at - timedelta(days=1))
    shown(alice, known)
    done(services, alice, scrobbled(int(at.timestamp())))
    removal.remove(alice.id, keys(alice)[1:])
    frozen.forward(days=days)
    removal.drop_expired(frozen.now)
    assert known_items.at(alice.id, at + timedelta(milliseconds=400)) == (set(), set())
    assert known_items.at(alice.id, at) == (set(), set())
    other = replace(known.track, spotify_id="another id of the song")
    ends = PolledPlay(clock.to_ms(at), other, linked_from=known.track.spotify_id)
    assert len(shown(alice, ends).plays) == 1
    assert not shown(alice, ends).plays
    assert [moment for moment, _ in keys(alice)][1:] == [clock.to_ms(at)]


@pytest.mark.parametrize("days", [1, 31])
def test_a_deleted_beginning_stays_one_once_its_undo_is_over(
    days: int, services: Services, frozen: Frozen
) -> None:
    at = datetime(2025, 3, 5, 12, tzinfo=UTC)
    frozen.to(at + timedelta(days=90))
    alice = factories.make_user("alice")
    poll(alice, factories.play(at - timedelta(days=1)))  # by which the length is known
    first, second = int(at.timestamp()), int(at.timestamp()) + 205
    done(services, alice, scrobbled(first, second))
    removal.remove(alice.id, keys(alice)[2:])
    other = done(services, alice, spotify_file(spotify_row("2024-03-05T13:00:00Z", song=9)))
    before = keys(alice)[1:]
    frozen.forward(days=days)
    assert removal.drop_expired(frozen.now) == (1 if days > 30 else 0)
    undone(services, other)
    assert keys(alice) == before
    play = factories.play(clock.from_ms(second * 1000 + 200_000))
    row = done(services, alice, spotify_file(told(play)))
    assert (row.added, row.skipped) == (0, 1)
    poll(alice, factories.play(at + timedelta(seconds=405, milliseconds=417)))
    assert reconcile.reconcile(alice.id) == 1  # and the stone moves to what the poll told
    assert keys(alice) == before


@pytest.mark.parametrize(
    ("timing", "seconds"), [(Timing.HEARD, 0), (Timing.HEARD_MINUTE, 40)], ids=["second", "minute"]
)
def test_of_a_beginning_and_the_time_heard_the_end_stays_once_the_undo_is_over(
    timing: Timing, seconds: int, services: Services, frozen: Frozen
) -> None:
    at = datetime(2025, 3, 5, 12, tzinfo=UTC)
    frozen.to(at + timedelta(days=90))
    alice = factories.make_user("alice")
    track = polled.remember([factories.play(at).track])[factories.play(at).track.spotify_id]
    play = imported(at, track, ms_played=200_000, timing=int(timing))
    history.absorb(alice.id, segment.of([play]))
    removal.remove(alice.id, keys(alice))
    frozen.forward(days=31)
    removal.drop_expired(frozen.now)
    assert '"ms_played"' not in RemovedPlay.get().kept
    ended = factories.play(at + timedelta(seconds=seconds, milliseconds=9))
    row = done(services, alice, spotify_file(told(ended)))
    assert (row.added, row.skipped) == (0, 1)


def scrobbled(*began: int) -> dict[str, bytes]:
    lines = ["uts,utc_time,artist,artist_mbid,album,album_mbid,track,track_mbid"]
    lines += [
        f'"{at}","x","Harbour Lights","","Harbour Lights sings","","Slack Water",""' for at in began
    ]
    return {"recenttracks-a-1.csv": "\n".join(lines).encode()}


def poll(user: User, *plays: PolledPlay) -> None:
    ids = polled.remember([play.track for play in plays])
    append.polled(
        [append.NewPlay(user.id, one.played_at, ids[one.track.spotify_id], None) for one in plays]
    )


def shown(user: User, *plays: PolledPlay) -> append.Appended:
    """A page of a check that is stored."""
    found = Page(plays, offered=len(plays))
    tracks = append.told({user.id: found}, append.remember(plays))
    return append.page(user.id, found, tracks)


def listen(play: PolledPlay) -> dict[str, object]:
    """The same play as a player sends it."""
    return {
        "listened_at": play.played_at // 1000 - 200,
        "track_metadata": {
            "artist_name": play.track.artists[0].name,
            "track_name": play.track.name,
            "additional_info": {"media_player": "Pano Scrobbler", "duration_ms": 200_000},
        },
    }


def keys(user: User) -> list[tuple[int, int]]:
    found = history.frame(user.id, columns=["played_at", "track"])
    return [(clock.to_ms(at), track) for at, track in found.rows()]


def told(play: PolledPlay) -> dict[str, object]:
    """The same play as Spotify's own export has it."""
    return spotify_row(
        datetime.fromtimestamp(play.played_at // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        master_metadata_track_name=play.track.name,
        master_metadata_album_artist_name=play.track.artists[0].name,
        spotify_track_uri=None,
    )
