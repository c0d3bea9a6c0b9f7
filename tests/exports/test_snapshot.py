"""A snapshot is the archive at one moment, whatever happens to the archive afterwards."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from audiospective import clock, history
from audiospective.history import removal, segment
from tests.exports.making import archive, hard_plays, plays_of, polled, song, taken

pytestmark = pytest.mark.usefixtures("database")


class StoppedError(Exception):
    pass


def test_it_holds_every_play_and_every_track_once(tmp_path: Path) -> None:
    user_id = archive(*hard_plays())
    found = taken(user_id, tmp_path)
    plays = plays_of(user_id)
    assert found.plays == plays.height
    assert found.tracks["track"].to_list() == plays["track"].unique().sort().to_list()
    (told,) = list(found.slices())
    assert told.equals(plays)


def test_later_plays_and_deletions_do_not_show(tmp_path: Path) -> None:
    user_id = archive(*hard_plays())
    before = plays_of(user_id)
    found = taken(user_id, tmp_path)
    newcomer = song("Later", "Odd Lots")
    history.absorb(user_id, segment.of([polled(datetime(2026, 1, 1, tzinfo=UTC), newcomer)]))
    removal.remove(user_id, [(clock.to_ms(before["played_at"][0]), before["track"][0])])
    (told,) = list(found.slices())
    assert told.equals(before)


def test_only_the_owners_plays_are_in_it(tmp_path: Path) -> None:
    one = song("Slack Water", "Harbour Lights")
    alice = archive(polled(datetime(2025, 1, 1, tzinfo=UTC), one))
    archive(polled(datetime(2025, 1, 2, tzinfo=UTC), one), name="bob")
    assert taken(alice, tmp_path).plays == 1


def test_whoever_watches_is_told_of_every_play_and_may_stop(tmp_path: Path) -> None:
    user_id = archive(*hard_plays())
    seen: list[int] = []

    def tick(plays: int) -> None:
        seen.append(plays)
        if len(seen) == 2:
            raise StoppedError

    found = taken(user_id, tmp_path).watched(tick)
    with pytest.raises(StoppedError):
        list(found.slices(size=10))
    assert seen == [10, 10]
