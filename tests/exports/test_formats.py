"""What the faithful exports say: each play once, with what is known of it and nothing else."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from audiospective import clock
from audiospective.exports import files, snapshot
from audiospective.exports.formats import FORMATS, spotify
from audiospective.exports.formats.spreadsheet_guard import unguarded
from audiospective.history import segment
from tests.exports import readers
from tests.exports.making import (
    archive,
    hard_plays,
    imported,
    plays_of,
    polled,
    song,
    taken,
    untakeable_plays,
)

pytestmark = pytest.mark.usefixtures("database")


def save(user_id: int, name: str, folder: Path) -> Path:
    return files.save(FORMATS[name], taken(user_id, folder), folder, compatible=False)


def table(file: Path) -> list[dict[str, str]]:
    text = file.read_bytes().decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


@pytest.fixture
def alice() -> int:
    return archive(*hard_plays(), *untakeable_plays())


def test_csv_has_every_play_with_names_that_come_back(alice: int, tmp_path: Path) -> None:
    file = save(alice, "csv", tmp_path)
    rows, plays = table(file), plays_of(alice)
    assert file.read_bytes().startswith(b"\xef\xbb\xbfplayed_at,local_time,track,")
    assert [clock.to_ms(datetime.fromisoformat(row["played_at"])) for row in rows] == plays[
        "played_at"
    ].to_physical().to_list()
    names = pl.Series([row["track"] for row in rows])
    back = names.to_frame("track").select(unguarded(pl.col("track"))).to_series()
    assert "=HYPERLINK(0)" in back.to_list()
    assert "'=HYPERLINK(0)" in names.to_list()
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row.values())


def test_csv_tells_local_time_across_a_night_in_march(tmp_path: Path) -> None:
    one = song("Slack Water", "Harbour Lights")
    before, after = (
        datetime(2023, 3, 26, 0, 59, tzinfo=UTC),
        datetime(2023, 3, 26, 1, 1, tzinfo=UTC),
    )
    rows = table(save(archive(polled(before, one), polled(after, one)), "csv", tmp_path))
    assert [row["local_time"] for row in rows] == ["2023-03-26 01:59:00", "2023-03-26 03:01:00"]


def test_csv_leaves_unknown_cells_empty(tmp_path: Path) -> None:
    at = datetime(2025, 1, 1, tzinfo=UTC)
    one = song("Slack Water", "Harbour Lights")
    (row,) = table(save(archive(polled(at, one)), "csv", tmp_path))
    assert {key for key, value in row.items() if value == ""} == {
        "ms_played", "isrc", "played_from", "reason_start", "reason_end", "shuffle", "skipped",
        "offline", "private", "platform", "country",
    }  # fmt: skip


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_what_a_newer_release_wrote_of_a_play_ends_no_export(name: str, tmp_path: Path) -> None:
    at, one = datetime(2025, 1, 1, tzinfo=UTC), song("Slack Water", "Harbour Lights")
    path = save(archive(imported(at, one, source=4, timing=99)), name, tmp_path)
    if name == "csv":
        (row,) = table(path)
        assert (row["source"], row["timing"]) == ("unknown", "unknown")


def test_a_platform_in_an_import_cannot_be_a_formula_either(tmp_path: Path) -> None:
    at = datetime(2025, 1, 1, tzinfo=UTC)
    user_id = archive(imported(at, song("Slack Water", "Harbour Lights"), platform="=1+1"))
    (row,) = table(save(user_id, "csv", tmp_path))
    assert row["platform"] == "'=1+1"


def test_json_is_one_document_with_every_key_in_every_play(alice: int, tmp_path: Path) -> None:
    document = json.loads(save(alice, "json", tmp_path).read_bytes())
    plays = document.pop("plays")
    assert document == {
        "format": "audiospective",
        "version": 1,
        "owner": "Juniper Vale",
        "time_zone": "Europe/Copenhagen",
        "exported_at": "2026-11-29T21:04:00Z",
        "count": len(plays),
    }
    assert len(plays) == plays_of(alice).height
    assert len({tuple(play) for play in plays}) == 1
    assert len({tuple(play["track"]) for play in plays}) == 1
    duet = next(play for play in plays if play["track"]["name"].startswith("Say"))
    assert duet["track"]["artists"] == ["Ilse Brandt", "Marlow & Pine, Jr."]
    assert duet["track"]["name"] == 'Say "when" \\ now'
    assert {play["ms_played"] for play in plays} == {None, 180_000}


def test_parquet_holds_the_archive_column_by_column(alice: int, tmp_path: Path) -> None:
    file = save(alice, "parquet", tmp_path)
    found = pl.read_parquet(file)
    assert found.select(segment.COLUMNS).equals(plays_of(alice))
    count = duckdb.sql(f"SELECT count(*), count(DISTINCT track) FROM '{file}'").fetchall()
    assert count == [(found.height, found["track"].n_unique())]


@pytest.mark.parametrize("name", ["listenbrainz", "maloja", "koito", "lastfm", "spotify"])
def test_a_faithful_export_leaves_no_play_out(name: str, alice: int, tmp_path: Path) -> None:
    file = save(alice, name, tmp_path)
    count: dict[str, Any] = {
        "listenbrainz": lambda: len(readers._lines(file)),
        "maloja": lambda: len(json.loads(file.read_bytes())["scrobbles"]),
        "koito": lambda: len(json.loads(file.read_bytes())["listens"]),
        "lastfm": lambda: len(table(file)),
        "spotify": lambda: len(readers.spotify_rows(file)),
    }
    assert count[name]() == plays_of(alice).height


def test_faithful_rows_of_spotifys_form_fill_nothing_in(tmp_path: Path) -> None:
    one = song("Slack Water", "Harbour Lights")
    user_id = archive(polled(datetime(2025, 1, 1, 0, 0, 1, 999_000, tzinfo=UTC), one))
    (row,) = readers.spotify_rows(save(user_id, "spotify", tmp_path))
    assert row["ts"] == "2025-01-01T00:00:01Z"
    known = {key for key, value in row.items() if value is not None}
    assert known == {
        "ts", "master_metadata_track_name", "master_metadata_album_artist_name",
        "master_metadata_album_album_name", "spotify_track_uri", "platform",
    }  # fmt: skip
    assert row["platform"] == "audiospective"


KEYS = [
    "ts", "platform", "ms_played", "conn_country", "ip_addr", "master_metadata_track_name",
    "master_metadata_album_artist_name", "master_metadata_album_album_name", "spotify_track_uri",
    "episode_name", "episode_show_name", "spotify_episode_uri", "audiobook_title",
    "audiobook_uri", "audiobook_chapter_uri", "audiobook_chapter_title", "reason_start",
    "reason_end", "shuffle", "skipped", "offline", "offline_timestamp", "incognito_mode",
]  # fmt: skip


@pytest.mark.parametrize("compatible", [False, True])
def test_rows_of_spotifys_form_have_its_keys_in_its_order(
    compatible: bool, alice: int, tmp_path: Path
) -> None:
    """Strict readers refuse a row with another."""
    file = files.save(FORMATS["spotify"], taken(alice, tmp_path), tmp_path, compatible=compatible)
    rows = readers.spotify_rows(file)
    assert rows
    assert all(list(row) == KEYS for row in rows)


def test_spotifys_form_is_cut_into_files_as_spotify_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spotify, "ROWS", 10)
    monkeypatch.setattr(spotify, "BYTES", 5_000)  # some ten rows, or fewer with long names
    user_id = archive(*hard_plays())
    parts = list(FORMATS["spotify"].parts(taken(user_id, tmp_path), None))
    names = [part.path.rsplit("/", 1)[-1] for part in parts]
    assert names[0] == "Streaming_History_Audio_2023_0.json"
    assert [name.rsplit("_", 1)[-1] for name in names] == [
        f"{number}.json" for number in range(len(names))
    ]
    rows = []
    for part in parts:
        out = io.BytesIO()
        part.write(out)
        rows += json.loads(out.getvalue())
        assert len(out.getvalue()) < 6_000
    assert len(rows) == plays_of(user_id).height


@pytest.mark.parametrize("size", [1, 7, 1000])
@pytest.mark.parametrize("name", FORMATS)
def test_the_size_of_slices_shows_nowhere(
    name: str, size: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if name in ("parquet", "spotify"):  # files and row groups are cut by slices
        return
    user_id = archive(*hard_plays())

    def contents() -> list[bytes]:
        outs = []
        for part in FORMATS[name].parts(taken(user_id, tmp_path), None):
            out = io.BytesIO()
            part.write(out)
            outs.append(part.path.encode() + out.getvalue())
        return outs

    whole = contents()
    monkeypatch.setitem(snapshot.Snapshot.slices.__kwdefaults__, "size", size)  # type: ignore[arg-type]
    assert contents() == whole


def test_a_format_without_a_compatible_form_says_so(alice: int, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no compatible form"):
        files.save(FORMATS["csv"], taken(alice, tmp_path), tmp_path, compatible=True)
