"""A play that moves between segments and rows while somebody reads is seen, and seen once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest

from audiospective import clock, history
from audiospective.history import (
    archived_tracks,
    one_look,
    reading,
    replacing,
    sealing,
    search,
    segment,
    segment_store,
)
from audiospective.history.search import Wanted
from audiospective.models.plays import FROM_BOTH
from audiospective.stats import cache
from tests.history.making import person, play, track

pytestmark = pytest.mark.usefixtures("database")

YEARS = (2022, 2023, 2024)
Count = Callable[[int], int]
COUNTS: dict[str, Count] = {
    "a frame": lambda user: history.frame(user).height,
    "a page": lambda user: len(search.page(user, Wanted()).plays),
    "the oldest page": lambda user: search.rows(user, Wanted(), after=(0, 0), limit=50)[0].height,
    "a number": lambda user: search.count(user, Wanted(least=0)),
    "pieces": lambda user: sum(part.height for part in search.pieces(user, Wanted(), rising=True)),
    "the newest": lambda user: len(history.recent(user, 50)),
    "tracks": lambda user: archived_tracks.tracks(user).len(),
}


@pytest.fixture
def alice() -> int:
    """A track of its own in each play; all but the newest two are sealed."""
    user = person("alice")
    for year in YEARS:
        for hour in range(4):
            at = clock.to_ms(datetime(year, 6, 1, hour, tzinfo=UTC))
            play(user, at, track(f"{year} {hour}"))
    sealing.seal(user, keep=2, trigger=0)
    cache.shared.clear()  # segments of the same bytes were read for another database
    return user


def to_rows(user: int) -> None:
    """An import tells more of the plays of a year, which makes rows of them."""
    span = (
        clock.to_ms(datetime(2023, 1, 1, tzinfo=UTC)),
        clock.to_ms(datetime(2024, 1, 1, tzinfo=UTC)),
    )
    before = reading.between(user, *span, segment.COLUMNS)
    told = before.with_columns(source=pl.lit(FROM_BOTH, pl.Int8), ms_played=pl.lit(7, pl.Int32))
    replacing.replace_part(user, span, before, told)
    assert reading.from_rows(user, *span).height == len(before) == 4


def to_segments(user: int) -> None:
    sealing.seal(user, keep=0, trigger=0)


@pytest.mark.parametrize("moves", [to_rows, to_segments])
@pytest.mark.parametrize("count", COUNTS.values(), ids=COUNTS)
def test_what_moves_while_it_is_read_is_neither_missed_nor_seen_twice(
    alice: int, count: Count, moves: Callable[[int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting = [moves]

    def first_moved(original: Callable[..., Any]) -> Callable[..., Any]:
        def told(*args: Any) -> Any:
            if waiting:
                waiting.pop()(alice)
            return original(*args)

        return told

    for name in ("stored", "of_years"):
        monkeypatch.setattr(segment_store, name, first_moved(getattr(segment_store, name)))
    assert count(alice) == 12
    assert not waiting


def test_an_archive_that_changes_all_the_time_is_read_all_the_same(
    alice: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    original, asked = segment_store.stored, []

    def restless(*args: Any) -> Any:
        asked.append(args)
        return original(*args)[:-1]

    monkeypatch.setattr(segment_store, "stored", restless)
    assert history.frame(alice).height == 10
    assert len(asked) == one_look.TRIES
