"""The segment format: nothing is lost in it, and other tools read the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audiospective.history import bulk_add, flags, hot_tail, reading, segment

texts = st.none() | st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=20
)
ids = st.none() | st.integers(1, 2**31 - 1)
answers = st.none() | st.booleans()
rows = st.fixed_dictionaries(
    {
        "played_at": st.integers(0, 2**41),
        "track": st.integers(1, 2**31 - 1),
        "source": st.integers(1, 3),
        "ms_played": st.none() | st.integers(0, 2**31 - 1),
        "context": texts,
        "reason_start": texts,
        "reason_end": texts,
        **dict.fromkeys(flags.NAMES, answers),
        "platform": texts,
        "country": texts,
        "import_id": ids,
        "timing": st.none() | st.integers(1, 8),
        "seen": ids,
    }
)
many = st.lists(rows, max_size=30, unique_by=lambda row: (row["played_at"], row["track"]))


@given(many)
def test_a_file_gives_back_what_was_put_in(plays: list[dict[str, Any]]) -> None:
    frame = segment.of(plays).sort(segment.KEY)
    assert segment.decode(segment.encode(segment.of(plays))).equals(frame)


@given(many)
def test_rows_and_frames_say_the_same(plays: list[dict[str, Any]]) -> None:
    frame = segment.of(plays)
    tuples = [tuple(row[name] for name in hot_tail.COLUMNS) for row in bulk_add.as_rows(frame)]
    assert reading.as_frame(tuples).equals(frame)


@given(st.fixed_dictionaries(dict.fromkeys(flags.NAMES, answers)))
def test_flags_keep_yes_no_and_unknown(facts: dict[str, bool | None]) -> None:
    packed = flags.pack(facts)
    assert flags.unpack(packed) == facts
    assert (packed is None) == (set(facts.values()) == {None})


def play(**columns: Any) -> dict[str, Any]:
    return {"played_at": 1_700_000_000_123, "track": 7, "source": 1, **columns}


def test_merging_keeps_what_is_known_and_adds_what_is_new() -> None:
    old = segment.of([play(context="spotify:a", skipped=False)])
    new = segment.of([play(source=2, context="spotify:b", ms_played=9), play(track=3)])
    merged = segment.merge([old, new])
    assert merged.equals(
        segment.of(
            [
                play(track=3),
                play(source=3, context="spotify:a", skipped=False, ms_played=9),
            ]
        )
    )


@given(many, many)
def test_merging_is_a_union_by_key(one: list[dict[str, Any]], other: list[dict[str, Any]]) -> None:
    merged = segment.merge([segment.of(one), segment.of(other)])
    keys = sorted({(row["played_at"], row["track"]) for row in (*one, *other)})
    assert merged.select(pl.col("played_at").to_physical(), "track").rows() == keys
    assert segment.merge([merged, segment.of(other)]).equals(merged)


@pytest.mark.parametrize("blob", [b"", b"PAR1", b"\x00" * 400, b"PAR1" + b"\xff" * 100 + b"PAR1"])
def test_what_is_no_file_is_refused(blob: bytes) -> None:
    with pytest.raises(segment.UnreadableSegmentError):
        segment.decode(blob)


def test_a_column_of_which_nothing_is_known_is_left_out() -> None:
    plays = segment.of([play(country="SE"), play(track=9)])
    blob = segment.encode(plays)
    assert list(pl.read_parquet_schema(blob)) == ["played_at", "track", "source", "country"]
    assert segment.decode(blob).equals(plays)
    assert segment.decode(blob, ["platform", "track"]).rows() == [(None, 7), (None, 9)]
    assert segment.decode(blob, ["platform"]).height == 2


def test_an_unknown_format_or_other_columns_are_refused() -> None:
    with pytest.raises(segment.UnreadableSegmentError, match="format 2"):
        segment.decode(segment.encode(segment.of([play()])), version=2)
    import io

    file = io.BytesIO()
    segment.of([play()]).cast({"track": pl.Int64}).write_parquet(file)
    with pytest.raises(segment.UnreadableSegmentError, match="columns"):
        segment.decode(file.getvalue())


def test_another_tool_reads_the_same_plays(tmp_path: Path) -> None:
    plays = segment.of(
        [
            play(played_at=1_700_000_000_000 + n, track=n, shuffle=n % 2 == 0, platform=f"p {n}",
                 ms_played=n * 1000, context="spotify:playlist:ü", country=None)
            for n in range(500)
        ]
    )  # fmt: skip
    file = tmp_path / "2023.parquet"
    file.write_bytes(segment.encode(plays))
    known = [name for name in segment.COLUMNS if plays[name].null_count() < plays.height]
    columns = ", ".join(known[1:])
    query = f"SELECT epoch_ms(played_at), {columns} FROM '{file}' ORDER BY played_at"
    with duckdb.connect() as tool:
        tool.execute("SET TimeZone = 'UTC'")
        found = tool.execute(query).fetchall()
    assert len(known) == 7
    assert found == plays.select(known).with_columns(pl.col("played_at").to_physical()).rows()


def test_files_that_are_read_together_stay_apart() -> None:
    frames = [segment.of([play(played_at=n), play(played_at=n + 5)]) for n in range(3)]
    blobs = [segment.encode(one) for one in frames]
    found = segment.decode_all(blobs, ["track", "platform", "played_at"])
    assert [one.rows() for one in found] == [
        one.select("track", "platform", "played_at").rows() for one in frames
    ]
    assert segment.decode_all([]) == []
