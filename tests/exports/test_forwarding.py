"""Sending plays on: each new one once, whatever fails; late ones too, and no loop."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import polars as pl
import pytest
from cryptography.fernet import Fernet

from audiospective import clock
from audiospective.accounts import deletion, sessions
from audiospective.clients import listen_server
from audiospective.clients.deadline import Deadline
from audiospective.clients.listen_server import (
    AwayError,
    BrokenError,
    BusyError,
    ForbiddenError,
    ListensRefusedError,
    ServerError,
    TokenRefusedError,
)
from audiospective.clients.queues import BULK, EXPORT
from audiospective.exports import (
    forwarding,
    forwarding_progress,
    forwarding_requests,
    forwarding_round,
    plays_as_listens,
)
from audiospective.history import append, reading, removal, segment
from audiospective.history.catalog import polled
from audiospective.history.closed.away import YearAwayError
from audiospective.imports import listens, rounds
from audiospective.jobs import context, tasks
from audiospective.models import Import, Play, RemovedPlay, User
from audiospective.models.forwards import Forward, ForwardedPlay
from audiospective.models.gaps import Gap
from audiospective.models.notices import Notice
from audiospective.notices import compose
from audiospective.notices.kinds import forwarding_failed
from audiospective.operations import key_rotation
from audiospective.policy import listens as policy
from audiospective.services import Services
from audiospective.vault import Vault
from tests import factories
from tests.exports import making
from tests.support.clocks import Frozen

ROOT = "https://lb.example"
MINUTE = timedelta(minutes=1)
ADDRESS = "alice@mail.example"


class FakeServer:
    """A ListenBrainz that takes each listen once, and fails as it is told to."""

    def __init__(self) -> None:
        self.listens: list[dict[str, Any]] = []
        self.requests: list[int] = []
        self.failures: list[ServerError] = []
        self.dies_after: bool = False
        self.takes: Callable[[], object] = lambda: None
        self.refuses: Callable[[dict[str, Any]], bool] = lambda _: False
        self.breaks: Callable[[dict[str, Any]], bool] = lambda _: False
        self.ends_at_known: bool = False  # and says yes all the same, as Maloja does

    def name(self) -> str:
        if self.failures:
            raise self.failures.pop(0)
        return "alice_lb"

    def submit(self, sent: Sequence[dict[str, Any]]) -> None:
        self.requests.append(len(sent))
        self.takes()
        if self.failures:
            raise self.failures.pop(0)
        if any(map(self.breaks, sent)):
            raise BrokenError("500")
        if any(map(self.refuses, sent)):
            raise ListensRefusedError("400")
        for one in sent:
            if self.ends_at_known and one in self.listens:
                return
            self.listens.append(one)
        if self.dies_after:
            raise KeyboardInterrupt

    @property
    def titles(self) -> list[str]:
        return [one["track_metadata"]["track_name"] for one in self.listens]


@pytest.fixture
def there(monkeypatch: pytest.MonkeyPatch) -> FakeServer:
    made = FakeServer()
    monkeypatch.setattr(listen_server, "ListenServer", lambda *_: made)
    monkeypatch.setattr(forwarding, "ListenServer", lambda *_: made)
    return made


@pytest.fixture
def alice(services: Services, frozen: Frozen, there: FakeServer) -> User:
    user = factories.make_user("alice", email=ADDRESS, email_verified_at=clock.now())
    assert forwarding.save(services, user, ROOT, "token", players=False) == "alice_lb"
    frozen.forward(hours=1)
    return user


def poll(user: User, *plays: tuple[datetime, str]) -> None:
    found = [factories.play(at, name) for at, name in plays]
    ids = polled.remember([one.track for one in found])
    append.polled(
        [append.NewPlay(user.id, one.played_at, ids[one.track.spotify_id], None) for one in found]
    )


def send(services: Services, frozen: Frozen | None = None, **later: int) -> int:
    if frozen is not None:
        frozen.forward(**(later or {"minutes": 20}))
    return forwarding_round.carry_out(services, Deadline(forwarding.SECONDS))


def listen(at: datetime, title: str, player: str = "Navidrome") -> dict[str, Any]:
    return {
        "listened_at": clock.to_ms(at) // 1000,
        "track_metadata": {
            "artist_name": "Harbour Lights", "track_name": title,
            "additional_info": {"media_player": player},
        },
    }  # fmt: skip


def test_new_plays_go_on_once_with_the_time_at_which_they_began(
    services: Services, alice: User, there: FakeServer, frozen: Frozen
) -> None:
    at = clock.now() - 9 * MINUTE
    poll(alice, (at, "Ebb"), (at + 4 * MINUTE, "Flood"), (at - timedelta(days=2), "Before"))
    assert send(services) == 2
    assert send(services, frozen) == 0
    assert there.titles == ["Ebb", "Flood"]
    first = there.listens[0]
    assert first["listened_at"] == clock.to_ms(at) // 1000 - 200
    more = first["track_metadata"]["additional_info"]
    assert (more["submission_client"], more["duration_ms"]) == ("Audiospective", 200_000)
    assert more["spotify_id"].startswith("https://open.spotify.com/track/")
    row = forwarding.of(alice.id)
    assert row is not None
    assert (row.sent, row.error, row.failures) == (2, None, 0)


def test_a_time_known_as_only_a_newer_release_says_goes_on_as_it_is() -> None:
    play = {"played_at": 5_000, "ms_played": 2_000, "timing": 99}
    assert plays_as_listens._began(play, None) == 5_000


@pytest.mark.usefixtures("database")
def test_names_of_blanks_and_listens_that_are_too_large_are_not_sent() -> None:
    tracks = [
        making.song(" \u3000", "Odd Lots"),
        making.song("Blank artist", " "),
        making.song("Blank album", "Odd Lots", " ", album="  "),
        making.song("Crowd", *("ü" * 400 + str(one) for one in range(20))),
    ]
    plays = [making.polled(clock.now() + number * MINUTE, one) for number, one in enumerate(tracks)]
    told = [one for _, one in plays_as_listens.of(segment.of(plays)) if one is not None]
    assert policy.read({"listen_type": "import", "payload": told}) == ("import", told)
    titles = [one["track_metadata"]["track_name"] for one in told]
    assert titles == ["Blank album", "Crowd"]
    assert "release_name" not in told[0]["track_metadata"]
    assert told[0]["track_metadata"]["additional_info"]["artist_names"] == ["Odd Lots"]
    named = plays_as_listens.tracks(pl.Series(tracks, dtype=pl.Int32))
    assert named.to_list() == tracks[2:]


def test_a_play_that_arrives_late_goes_on_too(
    services: Services, alice: User, there: FakeServer, frozen: Frozen
) -> None:
    poll(alice, (clock.now(), "Ebb"))
    send(services)
    frozen.forward(days=9)
    poll(alice, (clock.now(), "Flood"), (clock.now() - timedelta(days=8), "On a plane"))
    send(services)
    assert there.titles == ["Ebb", "On a plane", "Flood"]


def test_killed_between_sending_and_noting_the_same_is_sent_again(
    services: Services, alice: User, there: FakeServer, frozen: Frozen
) -> None:
    poll(alice, (clock.now(), "Ebb"))
    there.dies_after = True
    with pytest.raises(KeyboardInterrupt):
        send(services)
    there.dies_after = False
    assert send(services) == 0  # somebody may still be at it
    assert send(services, frozen) == 1
    assert there.listens[0] == there.listens[1]  # which a server takes for one
    assert send(services, frozen) == 0


@pytest.mark.parametrize("error", [AwayError("away"), BusyError(timedelta(minutes=3))])
def test_what_fails_is_sent_later_and_nothing_is_lost(
    services: Services, alice: User, there: FakeServer, frozen: Frozen, error: ServerError
) -> None:
    poll(alice, (clock.now(), "Ebb"))
    there.failures = [error]
    assert send(services) == 0
    assert send(services, frozen, minutes=1) == 0
    assert there.requests == [1]
    poll(alice, (clock.now(), "Flood"))
    assert send(services, frozen) == 2
    assert there.titles == ["Ebb", "Flood"]


def test_an_outage_of_weeks_loses_nothing_and_is_told_once(
    services: Services, alice: User, there: FakeServer, frozen: Frozen
) -> None:
    for day in range(10):
        poll(alice, (clock.now(), f"Day {day}"))
        there.failures = [AwayError("away")]
        send(services, frozen, days=5)
    told = Notice.select().where(Notice.kind == "forwarding_failed")
    assert told.count() == 1
    there.failures = []
    assert send(services, frozen, days=1) == 10
    row = forwarding.of(alice.id)
    assert row is not None
    assert (row.error, row.failures, row.failing_since) == (None, 0, None)


@pytest.mark.parametrize("error", [AwayError("away"), BusyError(timedelta(hours=1))])
def test_after_an_outage_longer_than_the_window_everything_goes_in_several_rounds(
    services: Services, alice: User, there: FakeServer, frozen: Frozen, error: ServerError,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(forwarding_requests, "BATCH", 2)
    monkeypatch.setattr(forwarding_round, "BATCHES", 2)
    there.takes = lambda: there.failures.append(error)
    for day in range(10):
        poll(alice, (clock.now(), f"Day {day}"))
        assert send(services) == 0
        frozen.forward(days=8)
    there.takes = lambda: None
    assert [send(services, frozen) for _ in range(4)] == [4, 4, 2, 0]
    assert there.titles == [f"Day {day}" for day in range(10)]
    row = forwarding.of(alice.id)
    assert row is not None
    assert (row.error, row.failing_since) == (None, None)


def test_another_token_sends_what_waited_longer_than_the_window(
    services: Services, alice: User, there: FakeServer, frozen: Frozen
) -> None:
    poll(alice, (clock.now(), "Ebb"))
    there.failures = [TokenRefusedError("401")]
    send(services)
    frozen.forward(days=40)
    poll(alice, (clock.now(), "Flood"))
    forwarding.save(services, alice, ROOT, "another", players=False)
    assert send(services) == 2
    assert there.titles == ["Ebb", "Flood"]


def test_what_is_forbidden_is_tried_again(
    services: Services, alice: User, there: FakeServer, frozen: Frozen
) -> None:
    poll(alice, (clock.now(), "Ebb"))
    there.failures = [ForbiddenError("403")]
    assert send(services) == 0
    row = forwarding.of(alice.id)
    assert row is not None
    assert (row.refused, row.failures, row.error) == (False, 1, forwarding.FORBIDDEN)
    assert send(services, frozen) == 1


def test_a_token_that_is_refused_stops_it_until_there_is_another(
    services: Services, alice: User, there: FakeServer, frozen: Frozen
) -> None:
    poll(alice, (clock.now(), "Ebb"))
    there.failures = [TokenRefusedError("401")]
    send(services)
    assert send(services, frozen, days=2) == 0
    assert there.requests == [1]
    assert Notice.select().where(Notice.kind == "forwarding_failed").count() == 1
    there.failures = [TokenRefusedError("401")]
    with pytest.raises(forwarding.UnusableError):
        forwarding.save(services, alice, ROOT, "wrong again", players=False)
    forwarding.save(services, alice, ROOT, "another", players=False)
    assert send(services) == 1
    assert there.titles == ["Ebb"]


def test_a_token_whose_key_was_taken_out_by_mistake_is_tried_again(
    services: Services, alice: User, there: FakeServer, frozen: Frozen
) -> None:
    poll(alice, (clock.now(), "Ebb"))
    assert send(replace(services, vault=Vault([Fernet.generate_key().decode()]))) == 0
    row = forwarding.of(alice.id)
    assert row is not None
    assert (row.refused, row.failures, row.error) == (False, 1, forwarding.UNREADABLE)
    assert Notice.select().where(Notice.kind == "forwarding_failed").count() == 0
    assert send(services, frozen) == 1


def test_a_refused_token_is_told_also_after_failures_that_were_told(
    services: Services, alice: User, there: FakeServer, frozen: Frozen
) -> None:
    told = Notice.select().where(Notice.kind == "forwarding_failed").order_by(Notice.id)
    poll(alice, (clock.now(), "Ebb"))
    for error in (AwayError("away"), AwayError("away"), TokenRefusedError("401")):
        there.failures = [error]
        send(services, frozen, days=2)
    assert [one.dedupe_key.startswith("ended") for one in told] == [False, True]
    forwarding.save(services, alice, ROOT, "another", players=False)
    there.failures = [TokenRefusedError("401")]
    send(services, frozen)
    assert len(told.clone()) == 3


def test_an_email_that_waited_goes_out_only_while_what_it_says_is_true(
    services: Services, alice: User, there: FakeServer, frozen: Frozen
) -> None:
    told = Notice.select().where(Notice.kind == "forwarding_failed").order_by(Notice.id)

    def true() -> list[bool]:
        kind = forwarding_failed.KIND
        return [compose.envelope(services, kind, one) is not None for one in told.clone()]

    poll(alice, (clock.now(), "Ebb"))
    for error, goes_out in (
        (AwayError("away"), []),
        (AwayError("away"), [True]),
        (TokenRefusedError("401"), [False, True]),
    ):
        there.failures = [error]
        send(services, frozen, days=2)
        assert true() == goes_out
    forwarding.save(services, alice, ROOT, "another", players=False)
    assert true() == [False, False]
    assert send(services) == 1
    poll(alice, (clock.now(), "Flood"))
    there.failures = [TokenRefusedError("401")]
    send(services, frozen)
    assert true()[-1]
    forwarding.stop(alice.id)
    assert not any(true())


@pytest.mark.parametrize("error", [AwayError("away"), TokenRefusedError("401")])
def test_whoever_was_tried_by_one_job_is_left_alone_by_another_that_saw_them_due(
    services: Services, alice: User, there: FakeServer, frozen: Frozen,
    monkeypatch: pytest.MonkeyPatch, error: ServerError,
) -> None:  # fmt: skip
    poll(alice, (clock.now(), "Ebb"))
    there.failures = [error, error]
    monkeypatch.setattr(forwarding, "due", lambda: [alice.id, alice.id])
    send(services)
    assert there.requests == [1]
    row = Forward.get()
    assert row.failures == 1
    # What is refused is never due, however long ago it was tried.
    assert (send(services, frozen, days=1), len(there.requests)) == (0, 1 if row.refused else 2)


def test_two_jobs_that_are_refused_tell_it_once_and_the_same_token_saved_again_is_told_again(
    services: Services, alice: User, frozen: Frozen
) -> None:
    told = Notice.select().where(Notice.kind == "forwarding_failed")

    def refused() -> int:
        for row in [Forward.get(), Forward.get()]:
            forwarding_progress.failed(services, row, forwarding.REFUSED, refused=True)
            frozen.forward(minutes=1)
        return int(told.clone().count())

    assert refused() == 1
    forwarding.save(services, alice, ROOT, "", players=False)
    assert refused() == 2


def test_of_a_song_on_repeat_each_play_goes_once(
    services: Services, alice: User, there: FakeServer, frozen: Frozen
) -> None:
    """Of two a player sent the second, which began when the first one ended."""
    at, long, pause = clock.now().replace(microsecond=0), timedelta(seconds=200), MINUTE / 12
    forwarding.save(services, alice, ROOT, "", players=True)
    poll(alice, (at - 9 * MINUTE, "Ebb"))  # whose track is known by its id from then on
    assert send(services) == 1
    second = at + long + pause
    listens.take(alice.id, [listen(second, "Ebb")])
    assert send(services, frozen, hours=3) == 1
    poll(alice, (at + long, "Ebb"), (second + long, "Ebb"))
    assert send(services, frozen) == 1
    began = sorted(one["listened_at"] for one in there.listens[1:])
    assert began == [clock.to_ms(one) // 1000 for one in (at, second)]
    assert send(services, frozen) == 0


def test_what_a_poll_tells_while_a_round_reads_waits_for_the_next_one(
    services: Services, alice: User, there: FakeServer, frozen: Frozen,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    at = clock.now().replace(microsecond=0)
    forwarding.save(services, alice, ROOT, "", players=True)
    listens.take(alice.id, [listen(at, "Ebb")])
    assert send(services, frozen, hours=3) == 1
    between = reading.between

    def just_then(*given: Any) -> pl.DataFrame:
        monkeypatch.setattr(reading, "between", between)
        poll(alice, (at + timedelta(seconds=200), "Ebb"))
        return between(*given)

    monkeypatch.setattr(reading, "between", just_then)
    assert [send(services, frozen) for _ in range(2)] == [0, 0]
    assert there.titles == ["Ebb"]


def test_a_sent_play_that_became_none_of_the_new_ones_takes_no_later_one_along(
    services: Services, alice: User, there: FakeServer, frozen: Frozen
) -> None:
    at = clock.now().replace(microsecond=0)
    poll(alice, (at, "Ebb"))
    assert send(services) == 1
    (key,) = ForwardedPlay.select(ForwardedPlay.played_at, ForwardedPlay.track).tuples()
    ForwardedPlay.create(user=alice, played_at=key[0] - 1, track=key[1])
    assert send(services, frozen) == 0
    poll(alice, (at + timedelta(milliseconds=900), "Ebb"))
    assert send(services, frozen) == 1


@pytest.mark.parametrize("blips", [1, 99])
def test_a_listen_at_which_the_server_breaks_holds_nothing_up(
    services: Services, alice: User, there: FakeServer, frozen: Frozen, blips: int
) -> None:
    """Twice, with a yes to another one in between: then it is the listen. Once says nothing."""
    left = [blips]

    def breaks(one: dict[str, Any]) -> bool:
        if one["track_metadata"]["track_name"] != "Song 3":
            return False
        left[0] -= 1
        return left[0] >= 0

    poll(alice, (clock.now(), "Song 3"))
    there.breaks = breaks
    assert send(services) == 0  # nothing tells yet whether it is the listen or the server
    row = forwarding.of(alice.id)
    assert row is not None
    assert (row.rejected, row.failures, row.error) == (0, 1, forwarding.AWAY)
    poll(alice, *((clock.now() + n * MINUTE, f"Later {n}") for n in range(5)))
    assert send(services, frozen) == (6 if blips == 1 else 5)
    row = forwarding.of(alice.id)
    assert row is not None
    assert (row.rejected, row.failures, row.error) == (int(blips > 1), 0, None)
    assert send(services, frozen) == 0


@pytest.mark.parametrize("root", [ROOT, f"{ROOT}/apis/listenbrainz"])
def test_listens_in_a_row_at_which_the_server_breaks_hold_nothing_up(
    services: Services, alice: User, there: FakeServer, frozen: Frozen, root: str
) -> None:
    forwarding.save(services, alice, root, "token", players=False)
    frozen.forward(hours=1)
    there.breaks = lambda one: one["track_metadata"]["track_name"] in ("Song 3", "Song 4", "Song 5")
    poll(alice, *((clock.now() - n * MINUTE, f"Song {n}") for n in range(10)))
    assert send(services) == 7
    row = forwarding.of(alice.id)
    assert row is not None
    assert (row.rejected, row.failures, row.error) == (3, 0, None)
    assert send(services, frozen) == 0


def test_a_server_that_breaks_at_everything_is_away(
    services: Services, alice: User, there: FakeServer, frozen: Frozen
) -> None:
    there.breaks = lambda _: True
    poll(alice, *((clock.now() - n * MINUTE / 3, f"Song {n}") for n in range(120)))
    assert send(services) == 0
    assert len(there.requests) < 20
    row = forwarding.of(alice.id)
    assert row is not None
    assert (row.rejected, row.failures, row.error) == (0, 1, forwarding.AWAY)
    there.breaks = lambda _: False
    assert send(services, frozen) == 120


def test_maloja_gets_all_although_it_has_one_of_them(
    services: Services, alice: User, there: FakeServer, frozen: Frozen
) -> None:
    there.ends_at_known = True
    forwarding.save(services, alice, f"{ROOT}/apis/listenbrainz", "token", players=False)
    frozen.forward(hours=1)
    poll(alice, *((clock.now() - n * MINUTE, f"Song {n}") for n in range(5)))
    there.failures = [AwayError("away")]  # whose first listen had arrived
    send(services)
    (first,) = plays_as_listens.of(reading.between(alice.id, 0, None, segment.COLUMNS))[:1]
    assert first[1] is not None
    there.listens.append(first[1])
    assert send(services, frozen) == 5
    assert sorted(there.titles) == [f"Song {n}" for n in range(5)]


def test_much_to_send_is_no_slow_server(
    services: Services, alice: User, there: FakeServer, frozen: Frozen,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(forwarding_requests, "BATCH", 1)
    monkeypatch.setattr(forwarding_round, "BATCHES", 99)
    monkeypatch.setattr(forwarding_round, "SHARE", 30)
    seconds = [0.0]
    monkeypatch.setattr(clock, "monotonic", lambda: seconds[0])

    def takes() -> None:
        seconds[0] += 1

    there.takes = takes
    poll(alice, *((clock.now() - n * MINUTE, f"Song {n}") for n in range(40)))
    assert [send(services, frozen) for _ in range(3)] == [30, 10, 0]
    row = forwarding.of(alice.id)
    assert row is not None
    assert (row.failures, row.error, row.failing_since) == (0, None, None)


@pytest.mark.parametrize("refused", [range(0, 8, 2), range(8)])
def test_refused_listens_of_the_past_do_not_hold_up_the_rest(
    services: Services, alice: User, there: FakeServer, frozen: Frozen,
    monkeypatch: pytest.MonkeyPatch, refused: range,
) -> None:  # fmt: skip
    monkeypatch.setattr(forwarding_requests, "BATCH", 4)
    monkeypatch.setattr(forwarding_requests, "REFUSALS", 4)
    odd = {f"Song {n}" for n in refused}
    there.refuses = lambda one: one["track_metadata"]["track_name"] in odd
    old = clock.now() - timedelta(days=400)
    poll(alice, *((old + n * 5 * MINUTE, f"Song {n}") for n in range(8)))
    forwarding.send_past(alice.id)
    for _ in range(8):
        send(services, frozen, days=2)
    row = forwarding.of(alice.id)
    assert row is not None
    assert (row.past_at, row.sent, row.rejected) == (None, 8 - len(refused), len(refused))
    assert (row.failures, row.error) == (0, None)


@pytest.mark.parametrize("went_on", [False, True])
def test_a_server_that_is_busy_for_days_is_told_once_unless_it_takes_some(
    services: Services, alice: User, there: FakeServer, frozen: Frozen,
    monkeypatch: pytest.MonkeyPatch, went_on: bool,
) -> None:  # fmt: skip
    monkeypatch.setattr(forwarding_requests, "BATCH", 1)
    pause = timedelta(hours=5)

    def busy() -> None:
        if len(there.requests) % 2 == 0 or not went_on:
            there.failures = [BusyError(pause)]

    there.takes = busy
    for _ in range(12):
        poll(alice, *((clock.now() - n * MINUTE, f"Song {n}") for n in range(3)))
        send(services, frozen, hours=6)
    row = forwarding.of(alice.id)
    assert row is not None
    assert row.error == (None if went_on else forwarding.BUSY)
    assert row.next_at - clock.now() >= pause
    told = Notice.select().where(Notice.kind == "forwarding_failed")
    assert told.count() == int(not went_on)
    there.takes = lambda: None
    there.failures = []
    frozen.forward(days=1)
    assert send(services) > 0
    assert forwarding.of(alice.id).error is None  # type: ignore[union-attr]


def test_what_was_played_before_this_server_stood_still_for_weeks_goes_on(
    services: Services, alice: User, there: FakeServer, frozen: Frozen
) -> None:
    send(services)
    poll(alice, (clock.now(), "Ebb"))
    assert send(services, frozen, days=60) == 1


def test_a_clock_that_ran_ahead_for_a_round_keeps_nothing_back(
    services: Services, alice: User, there: FakeServer, frozen: Frozen
) -> None:
    before = clock.now()
    there.failures = [AwayError("away")]
    poll(alice, (before, "Ebb"))
    send(services, frozen, days=400)
    frozen.to(before)
    assert send(services) == 1
    assert send(services) == 0
    there.failures = [BusyError(timedelta(hours=24))]
    poll(alice, (before + MINUTE, "Flood"))
    send(services, frozen)
    assert [send(services, frozen, hours=hours) for hours in (23, 1)] == [0, 1]


def test_what_waits_for_a_year_that_is_away_goes_on_however_long_that_is(
    services: Services, alice: User, there: FakeServer, frozen: Frozen,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    poll(alice, (clock.now(), "Ebb"))

    def away(*_: Any) -> pl.DataFrame:
        raise YearAwayError(2025, "storage answered 503")

    with monkeypatch.context() as patch:
        patch.setattr(reading, "between", away)
        for _ in range(5):
            assert send(services, frozen, days=10) == 0
    assert send(services, frozen) == 1


def test_a_listen_that_the_server_will_not_have_holds_nothing_up(
    services: Services, alice: User, there: FakeServer, frozen: Frozen
) -> None:
    there.refuses = lambda one: one["track_metadata"]["track_name"] == "Song 3"
    poll(alice, *((clock.now() - n * MINUTE, f"Song {n}") for n in range(7)))
    assert send(services) == 6
    assert send(services, frozen) == 0
    row = forwarding.of(alice.id)
    assert row is not None
    assert (row.sent, row.rejected, row.error) == (6, 1, None)


def test_a_slow_server_takes_a_share_of_the_round_and_waits_longer_each_time(
    services: Services, alice: User, there: FakeServer, frozen: Frozen,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(forwarding_requests, "BATCH", 1)
    seconds = [0.0]
    monkeypatch.setattr(clock, "monotonic", lambda: seconds[0])

    def slowly() -> None:
        seconds[0] += 25

    there.takes = slowly
    bob = factories.make_user("bob")
    forwarding.save(services, bob, ROOT, "token", players=False)
    frozen.forward(hours=1)
    poll(alice, *((clock.now() - n * MINUTE, f"Song {n}") for n in range(5)))
    poll(bob, (clock.now(), "Ebb"))
    assert send(services) == 1
    assert there.titles == ["Song 4", "Song 3", "Song 2", "Ebb"]
    row = forwarding.of(alice.id)
    assert row is not None
    assert (row.sent, row.failures, row.error) == (3, 1, forwarding.SLOW)
    there.takes = lambda: None
    assert send(services, frozen) == 2
    assert there.titles[4:] == ["Song 1", "Song 0"]


def test_nobody_is_begun_without_a_whole_share_and_a_stop_is_no_failure(
    services: Services, alice: User, there: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forwarding_requests, "BATCH", 1)
    poll(alice, (clock.now(), "Ebb"), (clock.now() + MINUTE, "Flood"))
    assert forwarding_round.carry_out(services, Deadline(forwarding_round.SHARE - 1)) == 0
    assert there.requests == []
    whole = Deadline(forwarding.SECONDS)
    there.takes = whole.stop
    forwarding_round.carry_out(services, whole)
    row = forwarding.of(alice.id)
    assert row is not None
    assert (there.titles, row.failures, row.error) == (["Ebb"], 0, None)
    assert send(services) == 1
    assert there.titles == ["Ebb", "Flood"]


def test_a_server_that_refuses_everything_is_not_asked_about_each(
    services: Services, alice: User, there: FakeServer, frozen: Frozen
) -> None:
    there.refuses = lambda _: True
    poll(alice, *((clock.now() - n * MINUTE / 3, f"Song {n}") for n in range(120)))
    assert send(services) == 0
    assert len(there.requests) == forwarding_requests.REFUSALS + 1
    row = forwarding.of(alice.id)
    assert row is not None
    assert (row.failures, row.error) == (1, forwarding.AWAY)
    assert 0 < row.rejected == ForwardedPlay.select().count() < 50  # noted at once
    there.refuses = lambda _: False
    assert send(services, frozen) == 120 - row.rejected


def test_the_past_is_noted_after_each_request(
    services: Services, alice: User, there: FakeServer, frozen: Frozen,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(forwarding_requests, "BATCH", 2)
    monkeypatch.setattr(forwarding_round, "PAST", 6)
    old = clock.now() - timedelta(days=400)
    poll(alice, *((old + n * 5 * MINUTE, f"Song {n}") for n in range(7)))
    forwarding.send_past(alice.id)

    def once() -> None:
        there.failures = [AwayError("away")]

    there.takes = lambda: len(there.requests) == 2 and once()
    send(services)
    assert sorted(there.titles) == ["Song 5", "Song 6"]
    assert send(services, frozen) == 5
    assert sorted(there.titles) == [f"Song {n}" for n in range(7)]


def test_what_players_sent_goes_on_if_asked_and_once(
    services: Services, alice: User, there: FakeServer, frozen: Frozen
) -> None:
    at = clock.now().replace(microsecond=0)
    listens.take(alice.id, [listen(at, "Ebb"), listen(at + MINUTE, "Back", "lb.example relay")])
    assert send(services, frozen, hours=3) == 0
    forwarding.save(services, alice, ROOT, "", players=True)
    assert send(services) == 1
    assert there.listens[0]["listened_at"] == clock.to_ms(at) // 1000
    poll(alice, (at + timedelta(seconds=200), "Ebb"))
    assert listens.join(alice.id) == 1  # its key is another one now
    poll(alice, (clock.now(), "Flood"))
    send(services, frozen)
    assert there.titles == ["Ebb", "Flood"]


def test_a_poll_that_comes_late_doubles_nothing_that_a_player_sent(
    services: Services, alice: User, there: FakeServer, frozen: Frozen,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    at = clock.now().replace(microsecond=0)
    forwarding.save(services, alice, ROOT, "", players=True)
    listens.take(alice.id, [listen(at, "Ebb")])
    assert send(services, frozen, hours=3) == 1
    poll(alice, (at + timedelta(seconds=200), "Ebb"))
    with monkeypatch.context() as busy:
        busy.setattr(listens, "join", lambda _: 0)  # as while others write
        assert send(services, frozen) == 0
    assert send(services, frozen) == 0  # joined before the round, which need not wait for a job
    poll(alice, (clock.now(), "Flood"))
    assert send(services, frozen) == 1
    assert there.titles == ["Ebb", "Flood"]


@pytest.mark.parametrize("polled_as", ["Ebb", "ebb - 2011 Remaster"])
def test_a_play_that_was_sent_and_deleted_keeps_no_other_one_from_being_sent(
    services: Services, alice: User, there: FakeServer, frozen: Frozen, polled_as: str
) -> None:
    at = clock.now().replace(microsecond=0)
    forwarding.save(services, alice, ROOT, "", players=True)
    listens.take(alice.id, [listen(at, "Ebb")])
    assert send(services, frozen, hours=3) == 1
    (key,) = Play.select(Play.played_at, Play.track).tuples()
    assert removal.remove(alice.id, [key]) == 1
    second = timedelta(seconds=200)
    listens.take(alice.id, [listen(at + second, "Flood")])  # a device that was offline
    poll(alice, (at + second, polled_as), (at + 2 * second, "Flood"))
    assert send(services, frozen) == 1
    assert there.titles == ["Ebb", "Flood"]
    (stone,) = RemovedPlay.select(RemovedPlay.played_at, RemovedPlay.track).tuples()
    assert stone != key
    assert removal.restore(alice.id, [stone]) == 1
    assert send(services, frozen) == 0


def test_plays_go_on_while_a_long_gap_reaches_into_a_year_that_is_away(
    services: Services, alice: User, there: FakeServer, frozen: Frozen,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    at = clock.now().replace(microsecond=0)
    listens.take(alice.id, [listen(at, "Ebb"), listen(at + 9 * MINUTE, "Flood")])
    poll(alice, (at + timedelta(seconds=200), "Ebb"))
    begin = at - timedelta(days=400)
    gap = Gap.create(user=alice, started_at=begin, probably_from=begin, cause="outage",
                     ended_at=at + 9 * MINUTE, certainty="sure", opened_at=at)  # fmt: skip
    Import.look_again(alice.id, begin, at)
    between = reading.between

    def away(user_id: int, start: int, *given: Any) -> pl.DataFrame:
        if start < clock.to_ms(at - timedelta(days=300)):
            raise YearAwayError(2025, "storage answered 503")
        return between(user_id, start, *given)

    with monkeypatch.context() as patch:
        patch.setattr(reading, "between", away)
        assert send(services, frozen) == 1
        poll(alice, (at + timedelta(seconds=740), "Flood"))
        assert send(services, frozen) == 1
        assert rounds.to_join() == [alice.id]  # what is in the gap is still to be counted
    assert there.titles == ["Ebb", "Flood"]
    listens.join(alice.id)
    assert rounds.to_join() == []
    assert Gap.get_by_id(gap.id).recovered == 0


def test_what_an_archive_like_this_one_sent_on_of_a_player_goes_no_further(
    services: Services, alice: User, there: FakeServer, frozen: Frozen
) -> None:
    forwarding.save(services, alice, ROOT, "", players=True)
    sent_on = listen(clock.now(), "Ebb")
    sent_on["track_metadata"]["additional_info"]["submission_client"] = "Audiospective"
    listens.take(alice.id, [sent_on, listen(clock.now() + 5 * MINUTE, "Flood")])
    assert send(services, frozen, hours=3) == 1
    assert there.titles == ["Flood"]


def test_a_play_that_was_deleted_takes_no_later_one_along(
    services: Services, alice: User, there: FakeServer, frozen: Frozen
) -> None:
    poll(alice, (clock.now(), "Ebb"))
    send(services)
    (key,) = ForwardedPlay.select(ForwardedPlay.played_at, ForwardedPlay.track).tuples()
    removal.remove(alice.id, [key])
    frozen.forward(minutes=5)
    poll(alice, (clock.now(), "Ebb"))
    send(services, frozen)
    assert there.titles == ["Ebb", "Ebb"]


def test_the_past_goes_only_if_asked_and_bit_by_bit(
    services: Services, alice: User, there: FakeServer, frozen: Frozen,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(forwarding_round, "PAST", 4)
    old = clock.now() - timedelta(days=400)
    poll(alice, *((old + n * 5 * MINUTE, f"Song {n}") for n in range(10)))
    assert send(services) == 0
    assert forwarding.send_past(alice.id)
    assert not forwarding.send_past(alice.id)
    assert [send(services, frozen) for _ in range(4)] == [4, 4, 2, 0]
    assert sorted(there.titles) == [f"Song {n}" for n in range(10)]
    assert forwarding.of(alice.id).past_at is None  # type: ignore[union-attr]


def test_members_without_it_cost_a_poll_nothing_and_a_round_one_query(
    services: Services, there: FakeServer
) -> None:
    poll(factories.make_user("bob"), (clock.now(), "Ebb"))
    assert forwarding.look(services) == 0
    assert "forward-plays" not in services.queues.queue(EXPORT).job_ids
    assert there.requests == []


def test_a_round_is_one_job_for_all(services: Services, alice: User) -> None:
    bob = factories.make_user("bob")
    forwarding.save(services, bob, ROOT, "token", players=False)
    assert forwarding.look(services) == forwarding.look(services) == 2
    assert services.queues.queue(EXPORT).job_ids.count("forward-plays") == 1


def test_where_listens_are_to_be_joined_that_job_sends_on_and_ones_trouble_is_no_others(
    services: Services, alice: User, there: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    bob, at = factories.make_user("bob"), clock.now()
    listens.take(bob.id, [listen(at - timedelta(hours=2), "Ebb")])
    poll(bob, (at - timedelta(hours=2), "Ebb"))
    poll(alice, (at, "Flood"))

    def broken(_user_id: int) -> None:
        raise ValueError

    monkeypatch.setattr(listens, "join", broken)
    assert forwarding.look(services) == rounds.join_listens(services) == 1
    assert services.queues.queue(EXPORT).job_ids == []
    assert services.queues.queue(BULK).job_ids == ["join-listens"]
    with context.use(services):
        tasks.join_listens()
    assert there.titles == ["Flood"]
    assert rounds.to_join() == [bob.id]


def test_where_the_job_that_joins_listens_never_comes_to_it_sending_on_has_one_of_its_own(
    services: Services, alice: User, frozen: Frozen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rounds, "to_join", lambda: [alice.id])
    assert forwarding.look(services) == 1
    assert services.queues.queue(EXPORT).job_ids == []
    frozen.forward(seconds=1)  # due for more than an hour
    assert forwarding.look(services) == 1
    assert services.queues.queue(EXPORT).job_ids == ["forward-plays"]


def test_who_brings_the_worker_down_is_not_always_before_the_same_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rounds, "to_join", lambda: [1, 2, 3])
    begun: list[int] = []

    def killed(user_id: int) -> None:
        begun.append(user_id)
        raise KeyboardInterrupt

    for _ in range(99):
        with pytest.raises(KeyboardInterrupt):
            rounds.join_each(killed, Deadline(60))
    assert {*begun} == {1, 2, 3}


@pytest.mark.parametrize("way", ["stopped", "another token", "account deleted"])
def test_a_round_under_way_ends_with_it(
    services: Services, alice: User, there: FakeServer, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    monkeypatch.setattr(forwarding_requests, "BATCH", 1)

    def end() -> None:
        there.takes = lambda: None
        if way == "stopped":
            forwarding.stop(alice.id)
        elif way == "another token":
            forwarding.save(services, alice, ROOT, "another", players=False)
        else:
            deletion.at_once(services, alice)

    there.takes = end
    poll(alice, *((clock.now() - n * MINUTE, f"Song {n}") for n in range(3)))
    assert send(services) == 0
    assert there.titles == ["Song 2"]  # which was on its way
    assert ForwardedPlay.select().count() == 0
    row = forwarding.of(alice.id)
    assert (row is None) is (way != "another token")
    assert row is None or (row.sent, row.failures, row.error) == (0, 0, None)


def test_a_failure_after_the_end_is_told_nobody(
    services: Services, alice: User, there: FakeServer
) -> None:
    poll(alice, (clock.now(), "Ebb"))
    there.failures = [TokenRefusedError("401")]
    there.takes = lambda: forwarding.stop(alice.id)
    assert send(services) == 0
    assert Notice.select().where(Notice.kind == "forwarding_failed").count() == 0


def test_signing_out_everywhere_ends_it_for_that_member_alone(
    services: Services, alice: User
) -> None:
    bob = factories.make_user("bob")
    forwarding.save(services, bob, ROOT, "token", players=False)
    sessions.end_all(alice)
    assert forwarding.of(alice.id) is None
    assert forwarding.of(bob.id) is not None


def test_ending_it_forgets_the_token_and_what_was_sent(services: Services, alice: User) -> None:
    poll(alice, (clock.now(), "Ebb"))
    send(services)
    assert "token" not in Forward.get().token_encrypted
    assert any(model is Forward for model, _ in key_rotation.columns())
    assert forwarding.stop(alice.id)
    assert Forward.select().count() == ForwardedPlay.select().count() == 0
