"""Whatever happens in whatever order, the archive equals a plain set of plays."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from audiospective import clock, history
from audiospective.clients.storage import FileStorage, StorageError
from audiospective.history import append, removal, sealing, segment, segment_store
from audiospective.history.closed import moving, objects, prefix, sweeping
from audiospective.models import Play, PlaySegment, RemovedPlay, User
from audiospective.models.base import Row
from audiospective.models.plays import FROM_POLL
from audiospective.policy import calendar
from tests.history.closing import Fragile, bound, forget_cache, tolerated
from tests.history.crashing import Crash
from tests.history.making import person, track

# Around three ends of year, so that few plays reach many segments; ties are likely.
MOMENTS = [
    clock.to_ms(datetime(year, 12, 31, 23, 59, 59, tzinfo=UTC)) + offset * 700
    for year in (2023, 2024, 2025)
    for offset in range(-6, 7)
]
TRACKS = 3
keys = st.tuples(st.sampled_from(MOMENTS), st.integers(0, TRACKS - 1))
some_keys = st.lists(keys, min_size=1, max_size=12)
zones = st.sampled_from(
    ["UTC", "America/Los_Angeles", "Asia/Kathmandu", "Pacific/Kiritimati", "Europe/Lisbon"]
)


@dataclass(frozen=True)
class Kept:
    """A backup: rows and files as they are, and what is right about them."""

    rows: dict[type[Row], list[dict[str, Any]]]
    files: dict[str, bytes]
    plays: dict[tuple[int, int], dict[str, Any]]
    removed: dict[tuple[int, int], dict[str, Any]]


class Archive(RuleBasedStateMachine):
    """Two people's archives next to the simplest thing that could be right."""

    @initialize()
    def begin(self) -> None:
        for model in (PlaySegment, RemovedPlay, Play, User):
            model.delete().execute()
        self.names = [track(f"{id(self)} {number}") for number in range(TRACKS)]
        self.alice, self.bob = person("alice"), person("bob")
        self.plays: dict[tuple[int, int], dict[str, Any]] = {}
        self.removed: dict[tuple[int, int], dict[str, Any]] = {}
        self.kept: Kept | None = None
        self.friends = {(MOMENTS[0], self.names[0])}
        append.polled([append.NewPlay(self.bob, *key, None) for key in self.friends])

    def real(self, chosen: list[tuple[int, int]]) -> list[tuple[int, int]]:
        return sorted({(moment, self.names[number]) for moment, number in chosen})

    def learn(self, key: tuple[int, int], source: int, **facts: Any) -> None:
        known = self.plays.setdefault(key, {"source": 0})
        known["source"] |= source
        for name, value in facts.items():
            if value is not None:
                known.setdefault(name, value)

    @rule(chosen=some_keys, context=st.sampled_from([None, "spotify:album:x"]))
    def poll(self, chosen: list[tuple[int, int]], context: str | None) -> None:
        page = self.real(chosen)
        append.polled([append.NewPlay(self.alice, *key, context) for key in page])
        for key in page:
            # A row that a poll told stays as it is; one that only a file told, and one that
            # repeats a sealed play, add what the poll knows.
            if key not in self.removed and key not in self.told_by_poll:
                self.learn(key, 1, context=context)

    @rule(chosen=some_keys, ms_played=st.sampled_from([None, 0, 31_000]), skipped=st.booleans())
    def bring(self, chosen: list[tuple[int, int]], ms_played: int | None, skipped: bool) -> None:
        file = self.real(chosen)
        before = self.total()
        told = history.absorb(self.alice, imported(file, ms_played=ms_played, skipped=skipped))
        fresh = [key for key in file if key not in self.plays and key not in self.removed]
        stones = [key for key in file if key in self.removed]
        assert (told.added, told.removed) == (len(fresh), len(stones))
        assert told.known == len(file) - len(fresh) - len(stones)
        assert self.total() == before + len(fresh)
        for key in file:
            if key not in self.removed:
                self.learn(key, 2, ms_played=ms_played, skipped=skipped, country="SE")

    @rule(keep=st.integers(0, 6), trigger=st.integers(0, 10))
    def seal(self, keep: int, trigger: int) -> None:
        sealing.seal(self.alice, keep=keep, trigger=trigger)

    @rule(chosen=some_keys)
    def delete(self, chosen: list[tuple[int, int]]) -> None:
        wanted = self.real(chosen)
        there = [key for key in wanted if key in self.plays]
        assert removal.remove(self.alice, wanted) == len(there)
        for key in there:
            self.removed[key] = self.plays.pop(key)

    @rule(chosen=some_keys)
    def undo(self, chosen: list[tuple[int, int]]) -> None:
        wanted = self.real(chosen)
        there = [key for key in wanted if key in self.removed]
        assert removal.restore(self.alice, wanted) == len(there)
        for key in there:
            self.plays[key] = self.removed.pop(key)

    @rule(year=st.sampled_from([2023, 2024, 2025, 2026]), cut=st.sampled_from([None, 1, 2, 3]))
    def take_to_storage(self, year: int, cut: int | None) -> None:
        """`cut`: storage ends the process at that call, or is away from then on."""
        files = objects.storage()
        own = prefix.own(files, clock.now())
        files.calls, files.crash_at, files.late = 0, cut, year % 2 == 0
        with suppress(Crash, StorageError):
            moving.take(self.alice, year, own)
        files.crash_at = None

    @rule()
    def take_all_to_storage(self) -> None:
        own = prefix.own(objects.storage(), clock.now())
        for year in (2023, 2024, 2025):
            moving.take(self.alice, year, own)

    @rule(year=st.sampled_from([2023, 2024, 2025]))
    def bring_home(self, year: int) -> None:
        moving.bring_home(self.alice, year)

    @rule(days=st.sampled_from([0, 40, 80]))
    def sweep(self, days: int) -> None:
        own = prefix.own(objects.storage(), clock.now())
        sweeping.sweep(own, clock.now() + timedelta(days=days))

    @rule()
    def storage_is_away(self) -> None:
        """What cannot be read is said to be missing, and what changes it changes nothing."""
        forget_cache()
        objects.storage().away = True
        gone = {year for user, year in moving.away() if user == self.alice}
        with tolerated() as missing:
            found = history.frame(self.alice)
            assert missing == gone
            hidden = sum(clock.from_ms(at).year in gone for at, _ in self.plays)
            assert len(self.plays) - hidden <= found.height <= len(self.plays)
        objects.storage().away = False
        forget_cache()

    @rule()
    def back_up(self) -> None:
        rows = {
            model: list(model.select().where(model.user == self.alice).dicts())
            for model in (PlaySegment, RemovedPlay, Play)
        }
        storage = objects.storage()
        files = {one.key: storage.get(one.key) for one in storage.list(prefix.FOLDER)}
        self.kept = Kept(rows, files, deepcopy(self.plays), deepcopy(self.removed))

    @precondition(lambda self: self.kept is not None)
    @rule()
    def restore(self) -> None:
        """All of it is as it was then; years move into another folder from now on."""
        assert self.kept is not None
        for key, data in self.kept.files.items():
            objects.storage().put(key, data)
        for model, rows in self.kept.rows.items():
            model.delete().where(model.user == self.alice).execute()
            if rows:
                model.insert_many(rows).execute()
        prefix.abandon()
        self.plays, self.removed = deepcopy(self.kept.plays), deepcopy(self.kept.removed)

    @rule(zone=zones)
    def move(self, zone: str) -> None:
        User.update(timezone=zone).where(User.id == self.alice).execute()

    @rule(span=st.tuples(st.sampled_from(MOMENTS), st.sampled_from(MOMENTS)))
    def look(self, span: tuple[int, int]) -> None:
        start, end = sorted(span)
        found = history.frame(self.alice, clock.from_ms(start), clock.from_ms(end), ["track"])
        assert found.height == sum(start <= at < end for at, _ in self.plays)

    @rule(year=st.sampled_from([2023, 2024, 2025, 2026]))
    def look_at_a_year(self, year: int) -> None:
        zone = User.get_by_id(self.alice).timezone
        found = history.frame(self.alice, *calendar.year(zone, year))
        local = [clock.from_ms(at).astimezone(ZoneInfo(zone)).year for at, _ in self.plays]
        assert found.height == local.count(year)

    @rule(limit=st.integers(1, 9))
    def leaf_through(self, limit: int) -> None:
        seen: list[tuple[int, int]] = []
        before = None
        while page := history.recent(self.alice, limit, before):
            seen += [(clock.to_ms(one.played_at), one.track_id) for one in page]
            before = page[-1].played_at
        assert seen == sorted(self.plays, reverse=True)

    def total(self) -> int:
        return history.total(self.alice)

    @invariant()
    def is_a_plain_set(self) -> None:
        if not hasattr(self, "plays"):
            return
        found = history.frame(self.alice)
        at = pl.col("played_at").to_physical()
        assert found.select(at, "track").rows() == sorted(self.plays)
        for row in found.with_columns(at).to_dicts():
            known = self.plays[row["played_at"], row["track"]]
            for name in ("source", "ms_played", "skipped", "country", "context"):
                assert row[name] == known.get(name), name
        assert history.total(self.alice) == len(self.plays)
        assert history.frame(self.bob).height == history.total(self.bob) == 1
        self.told_by_poll = set(
            Play.select(Play.played_at, Play.track)
            .where(Play.user == self.alice, Play.source.bin_and(FROM_POLL) != 0)
            .tuples()
        )
        for row in PlaySegment.select().where(PlaySegment.user == self.alice):
            (stored,) = (one for one in segment_store.stored(self.alice) if one.year == row.year)
            sealed = segment_store.opened(stored)
            assert sealed.height == row.plays == sealed.n_unique(segment.KEY)
            assert {at.year for at in sealed["played_at"]} == {row.year}


def imported(file: list[tuple[int, int]], **facts: Any) -> pl.DataFrame:
    """A frame as an import brings it."""
    return segment.of(
        [{"played_at": at, "track": name, "source": 2, "country": "SE", **facts}
         for at, name in file]
    )  # fmt: skip


@pytest.fixture
def few_rows(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An import leaves four plays hot instead of 200, so that segments are always about."""
    monkeypatch.setattr("audiospective.history.bulk_add.KEEP", 4)
    return


@pytest.fixture
def in_files(tmp_path: Path) -> Iterator[None]:
    """Closed years are in files that can fail."""
    with bound(Fragile(FileStorage(tmp_path / "storage"))):
        yield


@pytest.mark.usefixtures("database", "few_rows", "in_files")
def test_any_interleaving_equals_a_plain_set() -> None:
    run_state_machine_as_test(
        Archive,
        settings=settings(
            max_examples=20,
            stateful_step_count=20,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
        ),
    )
