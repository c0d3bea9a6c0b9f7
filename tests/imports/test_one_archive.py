"""One life told by many services is one archive with each play once, in any order."""

from __future__ import annotations

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from audiospective.imports import archive_frames
from audiospective.imports.archive_frames import ArchiveFrames
from audiospective.imports.merging import Outcome, merge
from tests.imports.invented_listening import TELLERS, File, Heard, listening, polled, told_by

sources = st.permutations(sorted(TELLERS))


def brought(found: ArchiveFrames, files: list[File]) -> tuple[ArchiveFrames, list[pl.Series]]:
    outcomes = []
    for file in files:
        found, outcome = merge(found, file.arrivals, file.tracks, file.source)
        outcomes.append(outcome)
    return found, outcomes


def heard_in(life: list[Heard], sittings: set[int]) -> list[Heard]:
    return [one for one in life if one.sitting in sittings]


@settings(max_examples=25)
@given(listening(), sources, st.booleans())
def test_all_sources_in_any_order(life: list[Heard], order: list[str], live: bool) -> None:
    start = polled(life) if live else archive_frames.nothing()
    files = [told_by(name, life, number) for number, name in enumerate(order, 1)]
    found, outcomes = brought(start, files)
    assert_is(found, life)
    files = [told_by(name, life, number) for number, name in enumerate(order, 11)]
    again, outcomes = brought(found, files)
    assert_is(again, life)
    assert all((outcome == Outcome.ALREADY_HERE).all() for outcome in outcomes)


@settings(max_examples=40)
@given(
    listening(),
    st.lists(
        st.tuples(st.sampled_from(sorted(TELLERS)), st.sets(st.integers(0, 2), min_size=1)),
        min_size=1,
        max_size=6,
    ),
    st.sets(st.integers(0, 2)),
    st.data(),
)
def test_each_source_knows_a_part(
    life: list[Heard], parts: list[tuple[str, set[int]]], live: set[int], data: st.DataObject
) -> None:
    base = polled(heard_in(life, live))
    files = [
        told_by(name, heard_in(life, sittings), number)
        for number, (name, sittings) in enumerate(parts, 1)
    ]
    found, _ = brought(base, files)
    known = live.union(*(sittings for _, sittings in parts))
    assert_is(found, heard_in(life, known))
    # Taking one back leaves what the others told, just as if it had never been brought.
    gone = data.draw(st.integers(0, len(files) - 1))
    left = [file for number, file in enumerate(files) if number != gone]
    stripped = archive_frames.without_imports(found, [file.source.import_id for file in files])
    assert stripped.plays.drop("context").equals(base.plays.drop("context"))
    rest, _ = brought(ArchiveFrames(stripped.plays, base.tracks), left)
    plain, _ = brought(base, left)
    assert rest.plays.equals(plain.plays)
    known = live.union(*(parts[n][1] for n in range(len(files)) if n != gone))
    assert_is(rest, heard_in(life, known))


def assert_is(found: ArchiveFrames, life: list[Heard]) -> None:
    """Each play once, at its time; of two in one minute the file may not tell which came first."""
    plays = found.plays.filter(~pl.col("removed")).join(found.tracks, on="track", how="left")
    here = sorted(plays.select("title", "at").rows())
    wanted = sorted((f"Song {one.song}", one.began, one.ended) for one in life)
    assert [title for title, _ in here] == [title for title, _, _ in wanted]
    for (_, at), (_, began, ended) in zip(here, wanted, strict=True):
        assert began - 60_000 <= at <= ended + 60_000
