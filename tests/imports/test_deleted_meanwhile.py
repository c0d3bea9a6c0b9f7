"""A play that is deleted for a while comes back as it would be had it stayed, whatever files came
and went meanwhile."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from audiospective import clock, history
from audiospective.clients.storage import FileStorage
from audiospective.history import removal, sealing
from audiospective.history.closed import moving, prefix
from audiospective.imports import archive, listens, reconcile
from audiospective.imports.archive_frames import SENT
from audiospective.models import Import, RemovedPlay, User
from audiospective.models.imports import DONE, UNDONE
from audiospective.policy.plays import PolledPlay
from audiospective.services import Services
from tests import factories
from tests.history.closing import bound
from tests.imports.importing import done, spotify_file, spotify_row, undone
from tests.imports.reading_files import as_json
from tests.imports.test_reconcile import keys, listen, scrobbled, shown, told
from tests.support.clocks import Frozen

pytestmark = pytest.mark.usefixtures("at_once")

AT = datetime(2025, 3, 5, 12, 0, 40, 417_000, tzinfo=UTC)
APART = timedelta(hours=1)
PLAYS = [factories.play(AT + APART * number) for number in range(4)]


def account(play: PolledPlay) -> dict[str, object]:
    at = datetime.fromtimestamp(play.played_at // 1000, UTC)
    names = {"artistName": "Harbour Lights", "trackName": "Slack Water", "msPlayed": 199_000}
    return {"endTime": f"{at:%Y-%m-%d %H:%M}", **names}


FILES = {
    "export": spotify_file(
        *(told(one) | {"ms_played": 200_103, "reason_end": "fwdbtn"} for one in PLAYS)
    ),
    "account": {"StreamingHistory_music_0.json": as_json([account(one) for one in PLAYS])},
    "scrobbler": scrobbled(*(one.played_at // 1000 - 200 for one in PLAYS)),
}
TOLD_FIRST = ("polled", "sent", "polled sent", "")
LIVES = [
    ["account", "export", "no account"],
    ["account", "export", "no export"],
    ["export", "account", "no export"],
    ["export", "scrobbler", "no export"],
    ["scrobbler", "account", "export"],
]


@pytest.mark.parametrize("life", LIVES, ids=", ".join)
@pytest.mark.parametrize("first", TOLD_FIRST)
def test_a_deletion_that_is_undone_loses_nothing_that_a_file_tells_which_stays(
    first: str, life: list[str], services: Services
) -> None:
    """Of four plays, alike but for their times, three are deleted, each before another act."""
    alice = factories.make_user("alice")
    imports: dict[str, Import] = {}
    for act in first.split():
        _do(services, alice, act, imports)
    start = 0 if first else 1
    deleted = []
    for place, act in enumerate(life):
        if place >= start:
            key = keys(alice)[start]
            assert removal.remove(alice.id, [key]) == 1
            deleted.append(key)
        _do(services, alice, act, imports)
    assert len(keys(alice)) == start + 1
    assert removal.restore(alice.id, deleted) == len(deleted)
    *came_back, stayed = history.frame(alice.id).to_dicts()[start:]
    # Without a poll it comes back where it stood, and by which track a file knew it then.
    polled = "polled" in first
    alike = set(stayed) - {"played_at"} - (set() if polled else {"track", "timing", *SENT})
    for ago, play in enumerate(reversed(came_back), 1):
        moved = stayed["played_at"] - play["played_at"] - ago * APART
        assert abs(moved) <= (timedelta() if polled else timedelta(minutes=5))
        assert {one: play[one] for one in alike} == {one: stayed[one] for one in alike}
        # And without a poll it keeps how long it was heard, so that it stays known when it began.
        assert polled <= ((play["ms_played"] is None) == (stayed["ms_played"] is None))
        assert play["ms_played"] is not None or stayed["ms_played"] is None


def _do(services: Services, user: User, act: str, imports: dict[str, Import]) -> None:
    if act == "polled":
        shown(user, *PLAYS)
    elif act == "sent":
        listens.take(user.id, [listen(one) for one in PLAYS])
        listens.join(user.id)
    elif act in FILES:
        imports[act] = done(services, user, FILES[act])
    else:
        undone(services, imports[act.removeprefix("no ")])


@pytest.mark.parametrize("place", range(3))
def test_of_a_track_on_repeat_the_deleted_play_stays_so_when_the_file_that_told_its_end_goes(
    place: int, services: Services
) -> None:
    """The end of each is nearest to the beginning of the next one, which the other file tells."""
    alice = factories.make_user("alice")
    on_repeat = [factories.play(AT + number * timedelta(seconds=200)) for number in range(3)]
    export = done(
        services, alice, spotify_file(*(told(one) | {"ms_played": 200_000} for one in on_repeat))
    )
    began = [one.played_at // 1000 - 200 for one in on_repeat]
    done(services, alice, scrobbled(*began))
    deleted = keys(alice)[place : place + 1]
    removal.remove(alice.id, deleted)
    undone(services, export)
    del began[place]
    assert [at // 1000 for at, _ in keys(alice)] == began
    elsewhen = spotify_file(spotify_row("2024-01-01T10:00:00Z"))
    undone(services, done(services, alice, elsewhen))  # all is told anew
    assert [at // 1000 for at, _ in keys(alice)] == began
    assert removal.restore(alice.id, deleted) == 1


def test_from_where_a_check_says_that_it_was_played_comes_back_too(services: Services) -> None:
    alice = factories.make_user("alice")
    done(services, alice, FILES["account"])
    deleted = keys(alice)[:1]
    removal.remove(alice.id, deleted)
    shown(alice, *(replace(one, context="spotify:playlist:night") for one in PLAYS))
    assert reconcile.reconcile(alice.id) == len(PLAYS)
    (stone,) = RemovedPlay.select()
    assert removal.restore(alice.id, [(stone.played_at, stone.track)]) == 1
    facts = history.frame(alice.id).select("context", "source", "ms_played").rows()
    assert set(facts) == {("spotify:playlist:night", 3, 199_000)}


def test_a_year_in_storage_comes_back_with_what_a_file_told_that_stays(
    services: Services, frozen: Frozen, tmp_path: Path
) -> None:
    alice = factories.make_user("alice")
    shown(alice, *PLAYS)
    account, export = (done(services, alice, FILES[one]) for one in ("account", "export"))
    sealing.seal(alice.id, keep=0, trigger=0)
    frozen.to(AT + timedelta(days=400))
    with bound(FileStorage(tmp_path)) as storage:
        own = prefix.own(storage, clock.now())
        assert moving.take(alice.id, AT.year, own)
        deleted = keys(alice)[:1]
        removal.remove(alice.id, deleted)
        moving.take(alice.id, AT.year, own)
        assert undone(services, export).status == UNDONE
        assert removal.restore(alice.id, deleted) == 1
        plays = history.frame(alice.id).drop("played_at")
    assert plays["ms_played"].to_list() == [199_000] * len(PLAYS)
    assert plays["import_id"].to_list() == [account.id] * len(PLAYS)
    assert plays.unique().height == 1


@pytest.mark.parametrize("past_undo", [False, True])
def test_a_deletion_that_is_undone_while_an_import_is_worked_out_loses_nothing(
    past_undo: bool, services: Services, frozen: Frozen, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice = factories.make_user("alice")
    shown(alice, *PLAYS)
    deleted = keys(alice)[:1]
    removal.remove(alice.id, deleted)
    ready, meanwhile = archive.ready, [True]

    def slowly(*args: Any) -> Any:
        made = ready(*args)
        if meanwhile and meanwhile.pop():
            if past_undo:
                frozen.forward(days=31)
                removal.drop_expired(frozen.now)
            assert removal.restore(alice.id, deleted) == int(not past_undo)
        return made

    monkeypatch.setattr(archive, "ready", slowly)
    assert done(services, alice, FILES["export"]).status == DONE
    told = history.frame(alice.id)["reason_end"].to_list()
    assert told == ["fwdbtn"] * (len(PLAYS) - past_undo)
    if past_undo:
        assert RemovedPlay.get().kept is None
