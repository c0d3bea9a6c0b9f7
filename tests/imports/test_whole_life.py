"""Whatever happens to an archive in whatever order: each play once, none lost, none invented."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

import pytest

from audiospective.policy import forwarding as rules
from audiospective.services import Services
from tests.fakes import FakeSpotify
from tests.imports import whole_life
from tests.support.clocks import Frozen


@pytest.fixture
def database_url(sqlite_database_url: str) -> str:
    """What differs between databases is tested beside each act."""
    return sqlite_database_url


# Each notices at least one fault that once was there.
WORLDS = {
    "a deleted play of a file comes back by a check": whole_life.acts(10, 40)[:9],
    "a play under another id is two": whole_life.acts(0, 40)[:14],
    "a play that was polled before a bundle came back is two": whole_life.acts(2, 40),
}


@pytest.mark.parametrize("fault", WORLDS)
def test_an_archive_is_right_after_each_of_many_acts_in_any_order(
    fault: str, services: Services, spotify: FakeSpotify, frozen: Frozen, tmp_path: Path
) -> None:
    with whole_life.world(services, spotify, frozen, tmp_path) as world:
        whole_life.live(world, WORLDS[fault])
        assert world.archive.there()


# With what is sent on to a server, and what is decided of tracks.
MORE = [
    ("forward", 905409), ("listen", 119348), ("send_some", 323636), ("forward", 45701),
    ("poll", 741441), ("decide", 1), ("listen", 397103), ("decide", 2),
]  # fmt: skip


@pytest.mark.parametrize("forgetful", [False, True])
def test_what_is_sent_on_is_sent_once(
    forgetful: bool,
    services: Services,
    spotify: FakeSpotify,
    frozen: Frozen,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if forgetful:  # of plays that a check tells under another time: then they go twice
        monkeypatch.setattr(rules, "moved", lambda *_: {})
    with whole_life.world(services, spotify, frozen, tmp_path) as world:
        raises = pytest.raises(AssertionError, match="sent twice") if forgetful else nullcontext()
        with raises:
            whole_life.live(world, MORE)
        assert world.sent_on is not None
        assert world.sent_on.owed


SENT_ON = {
    "a song on repeat of which a player sent the second play": [
        ("listen", 789750), ("forward", 94672), ("poll", 74789), ("listen", 434279),
        ("send_some", 216332), ("forward", 359622), ("poll", 297452), ("listen", 487446),
    ],
    "an end that a file told to the minute, of what a player sent": [
        ("forward", 634905), ("listen", 589141), ("bring", 847675), ("send_some", 646355),
        ("forward", 327120),
    ],
}  # fmt: skip


@pytest.mark.parametrize("what", SENT_ON)
def test_what_is_sent_on_is_told_as_it_was(
    what: str, services: Services, spotify: FakeSpotify, frozen: Frozen, tmp_path: Path
) -> None:
    with whole_life.world(services, spotify, frozen, tmp_path) as world:
        whole_life.live(world, SENT_ON[what])
        assert world.sent_on is not None
        assert world.sent_on.server.listens


def test_each_act_happens_in_the_short_worlds() -> None:
    happened = {name for acts in (*WORLDS.values(), MORE) for name, _ in acts}
    assert happened == set(whole_life.MORE), whole_life.MORE.keys() - happened
