"""What players send: a play that is told in two ways is one play, whichever way comes first."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

from audiospective import clock, history
from audiospective.history import append, removal, sealing
from audiospective.history.catalog import lookup, polled
from audiospective.imports import archive, listens, rounds
from audiospective.models import Import, User
from audiospective.models.gaps import Gap
from audiospective.models.imports import COMMITTING, UNCOUNTED
from audiospective.models.plays import SENT_LIVE
from audiospective.services import Services
from audiospective.stats.figure_options import FigureOptions
from audiospective.stats.listening import Listening
from tests import factories
from tests.imports.importing import done, spotify_file, spotify_row, undone
from tests.support.clocks import Frozen

pytestmark = pytest.mark.usefixtures("at_once", "frozen")

MINUTE = timedelta(minutes=1)


@pytest.fixture
def alice(services: Services) -> User:
    return factories.make_user("alice")


def listen(at: datetime, title: str = "Slack Water", **more: Any) -> dict[str, Any]:
    """A listen that began at `at`, of the track that factories.track makes."""
    facts = factories.track(title)
    metadata = {"artist_name": facts.artists[0].name, "track_name": title}
    return {
        "listened_at": clock.to_ms(at) // 1000,
        "track_metadata": {
            **metadata,
            "release_name": more.pop("album", None),
            "additional_info": {"media_player": "Pano Scrobbler", **more},
        },
    }


def poll(user: User, *plays: Any) -> None:
    ids = polled.remember([play.track for play in plays])
    append.polled(
        [append.NewPlay(user.id, one.played_at, ids[one.track.spotify_id], None) for one in plays]
    )


def rows(user: User) -> list[tuple[Any, ...]]:
    """(source, seen, timing) of every play, oldest first."""
    return history.frame(user.id, columns=["source", "seen", "timing"]).rows()


def ended() -> datetime:
    return clock.now().replace(microsecond=417_000) - timedelta(hours=1)


def test_told_by_a_poll_first_it_is_one_play(alice: User) -> None:
    at = ended()
    poll(alice, factories.play(at))
    taken = listens.take(alice.id, [listen(at - timedelta(seconds=200))])
    assert (taken.added, taken.matched) == (0, 1)
    assert rows(alice) == [(3, SENT_LIVE, None)]
    assert history.frame(alice.id)["played_at"].to_list() == [at]


def test_sent_by_a_player_first_it_is_one_play_once_polls_have_brought_it(
    services: Services, alice: User
) -> None:
    at = ended()
    assert listens.take(alice.id, [listen(at - timedelta(seconds=203))]).added == 1
    assert rounds.join_listens(services) == 0
    poll(alice, factories.play(at), factories.play(at - 9 * MINUTE, "Ebb"))
    assert history.total(alice.id) == 3
    assert rounds.to_join() == [alice.id]
    assert listens.join(alice.id) == 1
    assert [row[0] for row in rows(alice)] == [1, 3]
    assert history.frame(alice.id)["played_at"].to_list()[1] == at
    assert rounds.to_join() == []
    assert listens.take(alice.id, [listen(at - timedelta(seconds=203))]).known == 1
    assert history.total(alice.id) == 2


@pytest.mark.parametrize("counted", [True, False])
def test_a_play_that_is_deleted_does_not_stand_for_one_that_comes_next(
    alice: User, counted: bool
) -> None:
    """Polls tell of one more and one is gone: as many as before, and yet another one."""
    at = ended()
    listens.take(alice.id, [listen(at - timedelta(seconds=200), "Ebb")])
    poll(alice, factories.play(at - 9 * MINUTE, "Flood"))
    assert (listens.join(alice.id), rounds.to_join()) == (0, [])
    if not counted:  # a gap in its time reaches into a year that is away
        Import.update(polls_seen=UNCOUNTED - Import.polls_seen).execute()
        assert not rounds.waits_to_be_joined(alice.id)
    (key,) = (key for key in keys(alice) if key[0] == clock.to_ms(at - 9 * MINUTE))
    assert removal.remove(alice.id, [key]) == 1
    assert not rounds.waits_to_be_joined(alice.id)
    poll(alice, factories.play(at, "Ebb"))
    assert rounds.waits_to_be_joined(alice.id)
    assert rounds.to_join() == [alice.id]
    assert listens.join(alice.id) == 1
    assert len(keys(alice)) == 1


def test_a_play_that_a_file_tells_of_too_does_not_stand_for_one_that_comes_next(
    services: Services, alice: User
) -> None:
    at = ended()
    listens.take(alice.id, [listen(at - timedelta(seconds=200), "Ebb")])
    flood = factories.play(at - 9 * MINUTE, "Flood")
    poll(alice, flood)
    assert (listens.join(alice.id), rounds.to_join()) == (0, [])
    row_of_it = spotify_row(
        f"{at - 9 * MINUTE:%Y-%m-%dT%H:%M:%SZ}",
        spotify_track_uri=f"spotify:track:{flood.track.spotify_id}",
        master_metadata_track_name="Flood",
        master_metadata_album_artist_name="Harbour Lights",
    )
    row = done(services, alice, spotify_file(row_of_it))
    assert (row.matched, row.added) == (1, 0)
    poll(alice, factories.play(at, "Ebb"))
    assert rounds.to_join() == [alice.id]
    assert listens.join(alice.id) == 1


def test_a_play_that_is_deleted_before_it_was_looked_at_has_all_looked_at(alice: User) -> None:
    at = ended()
    listens.take(alice.id, [listen(at - timedelta(seconds=200), "Ebb")])
    poll(alice, factories.play(at - 9 * MINUTE, "Flood"))
    (key,) = (key for key in keys(alice) if key[0] == clock.to_ms(at - 9 * MINUTE))
    removal.remove(alice.id, [key])
    assert rounds.to_join() == [alice.id]
    listens.join(alice.id)
    assert rounds.to_join() == []


def test_one_told_again_and_again_is_stored_once(alice: User) -> None:
    sent = [listen(ended()), listen(ended() + 4 * MINUTE, "Ebb")]
    assert listens.take(alice.id, sent).added == 2
    for again in (sent, sent[::-1], sent + sent):
        assert listens.take(alice.id, again).added == 0
    row = Import.get(Import.live)
    assert (row.added, row.rows) == (2, 10)
    assert row.rows == row.added + row.matched + row.skipped


def test_two_programs_that_tell_of_one_play_make_one_and_one_program_may_tell_of_two(
    alice: User,
) -> None:
    at = ended()
    listens.take(alice.id, [listen(at)])
    other = listens.take(alice.id, [listen(at + timedelta(seconds=7), media_player="Navidrome")])
    assert (other.added, other.known) == (0, 1)
    assert listens.take(alice.id, [listen(at + MINUTE)]).added == 1  # heard again a minute later
    assert history.total(alice.id) == 2


def test_what_repeats_is_paired_one_to_one(alice: User) -> None:
    at = ended()
    poll(alice, *(factories.play(at + 4 * n * MINUTE) for n in range(5)))
    sent = [listen(at + 4 * n * MINUTE - timedelta(seconds=200)) for n in range(6)]
    taken = listens.take(alice.id, sent)
    assert (taken.added, taken.matched) == (1, 5)


def test_a_track_without_an_id_is_the_one_of_that_name_in_the_archive(alice: User) -> None:
    poll(alice, factories.play(ended() - timedelta(days=90), "Ebb"))
    (known,) = history.frame(alice.id)["track"]
    listens.take(alice.id, [listen(ended(), "Ebb")])
    listens.take(alice.id, [listen(ended() + 5 * MINUTE, "Ebb (feat. Nobody)")])
    tracks = history.frame(alice.id)["track"].to_list()
    assert tracks[:2] == [known, known]
    assert lookup.tracks([tracks[2]])[tracks[2]].title == "Ebb (feat. Nobody)"


def test_names_that_one_member_sends_change_nothing_for_others(alice: User) -> None:
    bob = factories.make_user("bob")
    poll(alice, factories.play(ended(), "Ebb"))
    spotify_id = "4uLU6hMCjMI75M1A2tKUQC"
    listens.take(bob.id, [listen(ended(), "Ebb", spotify_id=spotify_id)])
    listens.take(alice.id, [listen(ended(), "Wrong name", spotify_id=spotify_id)])
    names = {
        user.id: [lookup.tracks([one])[one].title for one in history.frame(user.id)["track"]]
        for user in (alice, bob)
    }
    assert names[bob.id] == ["Ebb"]
    assert sorted(names[alice.id]) == ["Ebb", "Wrong name"]


def test_a_deleted_play_does_not_come_back(alice: User) -> None:
    sent = [listen(ended())]
    listens.take(alice.id, sent)
    (key,) = history.frame(alice.id).select("played_at", "track").rows()
    removal.remove(alice.id, [(clock.to_ms(key[0]), key[1])])
    assert listens.take(alice.id, sent).added == 0
    assert history.total(alice.id) == 0


def test_a_play_that_was_deleted_before_a_poll_tells_of_it_stays_deleted(alice: User) -> None:
    at = ended()
    poll(alice, factories.play(at - 20 * MINUTE))
    listens.take(alice.id, [listen(at - timedelta(seconds=200))])
    assert removal.remove(alice.id, keys(alice)[1:]) == 1
    page = [factories.play(at - 20 * MINUTE), factories.play(at), factories.play(at + 4 * MINUTE)]
    poll(alice, *page)
    assert listens.join(alice.id) == 1
    left = [clock.to_ms(at - 20 * MINUTE), clock.to_ms(at + 4 * MINUTE)]
    assert [moment for moment, _ in keys(alice)] == left
    poll(alice, *page)
    assert (listens.join(alice.id), history.total(alice.id)) == (0, 2)
    (stone,) = removal.removed(alice.id, clock.now() - removal.UNDO)
    assert removal.restore(alice.id, [(clock.to_ms(at), stone[1])]) == 1
    assert [source for source, _, _ in rows(alice)] == [1, 3, 1]
    assert listens.take(alice.id, [listen(at - timedelta(seconds=200))]).known == 1


def test_of_deleted_plays_whose_order_a_poll_tells_otherwise_each_keeps_its_own_facts(
    alice: User, frozen: Frozen
) -> None:
    at = ended()
    poll(alice, factories.play(at - 20 * MINUTE))
    began = at - timedelta(seconds=200)
    listens.take(alice.id, [listen(began, "Ebb"), listen(began + timedelta(seconds=2), "Flow")])
    deleted = {}
    for key in keys(alice)[1:]:
        frozen.forward(minutes=1)
        assert removal.remove(alice.id, [key]) == 1
        deleted[lookup.tracks([key[1]])[key[1]].title] = clock.now()
    assert list(deleted) == ["Ebb", "Flow"]
    later = at + timedelta(seconds=5)
    poll(alice, factories.play(at, "Flow"), factories.play(later, "Ebb"))
    assert listens.join(alice.id) == 2
    stones = removal.removed(alice.id, clock.now() - removal.UNDO)
    assert [
        (moment, lookup.tracks([track])[track].title, when) for moment, track, when in stones
    ] == [
        (clock.from_ms(clock.to_ms(moment)), title, deleted[title])
        for moment, title in ((at, "Flow"), (later, "Ebb"))
    ]


def keys(user: User) -> list[tuple[int, int]]:
    found = history.frame(user.id, columns=["played_at", "track"])
    return [(clock.to_ms(at), track) for at, track in found.rows()]


def test_years_that_are_sealed_take_plays_in_and_many_at_once_go_there(alice: User) -> None:
    old = datetime(2021, 5, 1, tzinfo=UTC)
    poll(alice, *(factories.play(old + n * 4 * MINUTE, f"Song {n}") for n in range(210)))
    sealing.seal(alice.id)
    within = listens.take(alice.id, [listen(old + 9 * MINUTE, "Ebb")])
    many = [listen(old + timedelta(minutes=4 * n, days=9), f"Song {n % 9}") for n in range(150)]
    assert (within.added, listens.take(alice.id, many).added) == (1, 150)
    assert listens.take(alice.id, many).known == 150
    first = old - timedelta(seconds=200)
    assert listens.take(alice.id, [listen(first, "Song 0")]).matched == 1
    assert history.total(alice.id) == 361


def test_a_file_with_the_same_adds_nothing_and_taking_it_back_takes_nothing_along(
    services: Services, alice: User
) -> None:
    sent = [listen(ended() + 5 * n * MINUTE, f"Song {n}") for n in range(4)]
    listens.take(alice.id, sent[:3])
    row = done(services, alice, {"3.jsonl": b"\n".join(map(orjson.dumps, sent))})
    assert (row.added, row.matched) == (1, 3)
    undone(services, row)
    assert history.total(alice.id) == 3
    assert {told for _, told, _ in rows(alice)} <= {SENT_LIVE, SENT_LIVE | 8}


def lastfm(*began: datetime) -> dict[str, bytes]:
    facts = factories.track("Ebb")
    lines = [f'{clock.to_ms(at) // 1000},"x",{facts.artists[0].name},,,,Ebb,' for at in began]
    head = "uts,utc_time,artist,artist_mbid,album,album_mbid,track,track_mbid"
    return {"recenttracks-a-1.csv": "\n".join([head, *lines]).encode()}


def extended(*began: datetime) -> dict[str, bytes]:
    facts = factories.track("Ebb")
    names: dict[str, Any] = {
        "master_metadata_track_name": "Ebb",
        "master_metadata_album_artist_name": facts.artists[0].name,
    }
    ends = [f"{at + 3 * MINUTE:%Y-%m-%dT%H:%M:%SZ}" for at in began]
    return spotify_file(*(spotify_row(end, **names) for end in ends))


@pytest.mark.parametrize("file", [lastfm, extended])
@pytest.mark.parametrize("by_poll", [False, True])
def test_taking_a_file_back_leaves_what_a_player_sent_after_it(
    services: Services, alice: User, file: Any, by_poll: bool
) -> None:
    at = ended().replace(microsecond=0)
    if by_poll:
        poll(alice, factories.play(at + 3 * MINUTE, "Ebb"))
    row = done(services, alice, file(at, at - timedelta(days=1)))
    assert listens.take(alice.id, [listen(at, "Ebb")]).matched == 1
    undone(services, row)
    (left,) = history.frame(alice.id).to_dicts()
    live = Import.get(Import.live).id
    assert (left["source"], left["seen"], left["import_id"]) == (2 + by_poll, SENT_LIVE, live)
    assert left["country"] is None  # only the file told
    assert listens.take(alice.id, [listen(at, "Ebb")]).known == 1
    again = done(services, alice, file(at, at - timedelta(days=1)))
    assert (again.added, again.matched) == (1, 1)
    undone(services, again)
    assert history.total(alice.id) == 1


@pytest.mark.parametrize("by_poll", [False, True])
def test_taking_a_file_back_leaves_nothing_that_it_told_of_what_a_player_sent_before(
    services: Services, alice: User, by_poll: bool
) -> None:
    at = ended().replace(microsecond=0)
    if by_poll:
        poll(alice, factories.play(at + 3 * MINUTE, "Ebb"))
    listens.take(alice.id, [listen(at, "Ebb")])
    row = done(services, alice, extended(at))
    assert (row.added, row.matched) == (0, 1)
    other = done(services, alice, lastfm(at, at - timedelta(days=1)))
    undone(services, row)
    undone(services, other)
    (left,) = history.frame(alice.id).to_dicts()
    live = Import.get(Import.live).id
    assert (left["source"], left["seen"], left["import_id"]) == (2 + by_poll, SENT_LIVE, live)
    assert (left["country"], left["reason_end"], left["skipped"]) == (None, None, None)


@pytest.mark.parametrize("player", [None, "Pano Scrobbler"])
@pytest.mark.parametrize("file", [lastfm, extended])
@pytest.mark.parametrize("first", ["player", "file"])
def test_what_is_sent_again_after_a_file_was_taken_back_is_known(
    services: Services, alice: User, file: Any, first: str, player: str | None
) -> None:
    """Its time may still be the file's by then, and nothing of it may name the program."""
    at = ended().replace(microsecond=0)
    sent = [listen(at, "Ebb", media_player=player)]
    if first == "player":
        listens.take(alice.id, sent)
    row = done(services, alice, file(at, at - timedelta(days=1)))
    listens.take(alice.id, sent)
    undone(services, row)
    assert history.total(alice.id) == 1
    listens.take(alice.id, sent)
    assert history.total(alice.id) == 1


def test_taking_another_file_back_leaves_word_of_what_a_player_sent(
    services: Services, alice: User
) -> None:
    at = ended().replace(microsecond=0)
    first = done(services, alice, lastfm(at, at - timedelta(days=1)))
    other = done(services, alice, extended(at - timedelta(days=2)))
    listens.take(alice.id, [listen(at, "Ebb")])
    undone(services, other)
    sent = [bool(seen & SENT_LIVE) for _, seen, _ in rows(alice)]
    assert sent == [False, True]
    undone(services, first)
    assert [seen & SENT_LIVE for _, seen, _ in rows(alice)] == [SENT_LIVE]


@pytest.fixture
def while_worked_in(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Has something happen each time when the archive was read to add a file; how often it was."""
    calls: list[int] = []

    def happens(action: Callable[[], Any]) -> list[int]:
        opened = archive.opened

        def meanwhile(user_id: int) -> Any:
            found = opened(user_id)
            if Import.select().where(Import.status == COMMITTING).exists():
                calls.append(len(calls))
                action()
            return found

        monkeypatch.setattr(archive, "opened", meanwhile)
        return calls

    return happens


def test_listens_that_come_while_a_file_is_worked_in_are_kept_and_met(
    services: Services, alice: User, while_worked_in: Any
) -> None:
    sent = [listen(ended())]
    calls = while_worked_in(lambda: listens.take(alice.id, sent))
    row = done(services, alice, {"3.jsonl": orjson.dumps(sent[0])})
    assert (calls, row.status, row.matched) == ([0, 1], "done", 1)
    assert history.total(alice.id) == 1


def test_what_a_player_tells_of_a_play_that_is_there_while_a_file_is_worked_in_is_kept(
    services: Services, alice: User, while_worked_in: Any
) -> None:
    at = ended().replace(microsecond=0)
    poll(alice, factories.play(at + 3 * MINUTE, "Ebb"))
    calls = while_worked_in(lambda: listens.take(alice.id, [listen(at, "Ebb")]))
    row = done(services, alice, lastfm(at - timedelta(days=1)))
    assert (calls, row.status, row.added) == ([0, 1], "done", 1)
    assert [told for _, told, _ in rows(alice)][1] == SENT_LIVE


def test_a_poll_of_an_imported_play_while_a_file_is_worked_in_is_kept(
    services: Services, alice: User, while_worked_in: Any
) -> None:
    at = ended().replace(microsecond=0)
    first = done(services, alice, lastfm(at))
    ((ending, track),) = history.frame(alice.id).select("played_at", "track").rows()
    play = append.NewPlay(alice.id, clock.to_ms(ending), track, None)
    calls = while_worked_in(lambda: append.polled([play]))
    row = done(services, alice, lastfm(at - timedelta(days=1)))
    assert (calls, row.status, row.added) == ([0, 1], "done", 1)
    undone(services, first)
    assert [(source, told) for source, told, _ in rows(alice)] == [(2, 4), (1, None)]


def test_no_gap_is_closed_and_no_time_counts_as_known_by_a_file(
    services: Services, alice: User, frozen: Frozen
) -> None:
    at = ended()
    gap = Gap.create(
        user=alice, started_at=at - 50 * MINUTE, probably_from=at - 50 * MINUTE, ended_at=at,
        cause="outage", certainty="sure", opened_at=at,
    )  # fmt: skip
    listens.take(alice.id, [listen(at - 4 * n * MINUTE, f"Song {n}") for n in range(15)])
    listens.join(alice.id)
    assert Gap.get_by_id(gap.id).closed_at is None
    assert Listening(FigureOptions(alice.id)).imported() == ()
    assert Listening(FigureOptions(alice.id)).plays().height == 15


def test_nothing_is_stored_of_what_can_be_no_play(alice: User) -> None:
    future = clock.now() + timedelta(days=3)
    with pytest.raises(listens.NoPlayError):
        listens.take(alice.id, [listen(ended()), listen(future)])
    assert history.total(alice.id) == 0
