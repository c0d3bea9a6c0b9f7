"""What is personal is gone from what is kept, and not one play with it."""

from __future__ import annotations

import io
import json
import sqlite3
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audiospective.imports import stripping
from audiospective.imports.errors import RefusedError
from audiospective.imports.survey import Upload
from tests.imports.importing import spotify_row
from tests.imports.reading_files import as_json, read, zipped
from tests.imports.samples import SAMPLES, ZIPPED
from tests.imports.sources import test_apple_music, test_deezer, test_servers, test_tidal

ADDRESS, V6, NAME = "203.0.113.77", "2001:db8:0:0:1:0:0:1", "alice_of_the_lake"


def stripped(files: Mapping[str, bytes], names: tuple[str, ...] = ()) -> dict[str, bytes]:
    with tempfile.TemporaryDirectory() as folder:
        places = [Path(folder) / name for name in ("sent", "scratch", "out")]
        for place in places:
            place.mkdir()
        uploads = []
        for number, (name, content) in enumerate(files.items()):
            path = places[0] / str(number)
            path.write_bytes(content)
            uploads.append(Upload(path, name))
        stripping.strip(uploads, names, places[1], places[2])
        return {name: (places[2] / str(at)).read_bytes() for at, name in enumerate(files)}


def unpacked(content: bytes) -> bytes:
    """All that stands in a file, archives opened."""
    if not content.startswith(b"PK"):
        return content
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return b"".join(name.encode() + unpacked(archive.read(name)) for name in archive.namelist())


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("packed", [False, True])
def test_every_row_is_read_as_before(name: str, packed: bool) -> None:
    files = (ZIPPED if packed else SAMPLES)[name]
    before, after = read(files), read(stripped(files))
    assert after.plays == before.plays
    assert after.skipped == before.skipped
    assert [(one.row, one.reason) for one in after.rejected] == [
        (one.row, one.reason) for one in before.rejected
    ]
    assert [(one.name, one.source, one.sentence) for one in after.files] == [
        (one.name, one.source, one.sentence) for one in before.files
    ]


@pytest.mark.parametrize("key", ["ip_addr", "ip_addr_decrypted", "user_agent_decrypted"])
@pytest.mark.parametrize("value", [ADDRESS, V6, f'Agent \\"{NAME}\\" 1.0', 'é "quoted"'])
def test_addresses_and_user_agents_of_spotify_are_gone(key: str, value: str) -> None:
    rows = [spotify_row("2025-03-05T13:00:00Z", **{key: value}) for _ in range(3)]
    for content in (as_json(rows), json.dumps(rows).encode(), zipped({"a.json": as_json(rows)})):
        kept = unpacked(stripped({"x": content})["x"])
        assert value.encode() not in kept
        assert json.dumps(value).encode() not in kept


def test_of_a_user_name_only_that_it_is_another_ones_is_kept() -> None:
    rows = [spotify_row("2025-03-05T13:00:00Z", username=name) for name in (NAME, "Bob", None)]
    kept = json.loads(stripped({"a.json": as_json(rows)}, ("bob",))["a.json"])
    assert [row["username"] for row in kept] == ["*", None, None]
    kept = json.loads(stripped({"a.json": as_json(rows)})["a.json"])
    assert [row["username"] for row in kept] == [None] * 3


def test_a_title_that_looks_like_a_field_stays() -> None:
    title = f'"ip_addr": "{ADDRESS}"'
    row = spotify_row("2025-03-05T13:00:00Z", master_metadata_track_name=title)
    assert json.loads(stripped({"a.json": as_json([row])})["a.json"]) == [{**row, "ip_addr": None}]


@given(st.integers(0, 400), st.integers(1, 64), st.booleans())
def test_a_value_that_lies_across_two_pieces_is_gone(before: int, block: int, wide: bool) -> None:
    rows = [{"t": "x" * before, "ip_addr": V6 if wide else ADDRESS, "ms": 12}] * 3
    content = json.dumps(rows).encode()
    sizes = stripping.BLOCK, stripping.LONGEST
    stripping.BLOCK, stripping.LONGEST = block, 128  # type: ignore[misc]
    try:
        change = stripping._without_fields(())
        pieces = stripping.replaced(io.BytesIO(content), stripping._FIELDS, change)
        kept = json.loads(b"".join(pieces))
    finally:
        stripping.BLOCK, stripping.LONGEST = sizes  # type: ignore[misc]
    assert kept == [{**row, "ip_addr": None} for row in rows]


@pytest.mark.parametrize(
    "files",
    [test_tidal.tidal(test_tidal.line()), test_apple_music.activity(test_apple_music.event())],
)
def test_personal_columns_are_empty_and_rows_keep_their_numbers(files: dict[str, bytes]) -> None:
    ((name, content),) = files.items()
    last = content.splitlines()[1]
    content = content.rstrip(b"\n") + b'\n\n"open quote,203.0.113.7\n' + last + b"\n"
    before, kept = read({name: content}), stripped({name: content})
    for personal in (b"203.0.113.7", b"Cityname", b"12345678"):
        assert personal not in kept[name]
    after = read(kept)
    assert len(before.plays) == 2
    assert [one["row"] for one in after.plays] == [one["row"] for one in before.plays]
    assert [one.row for one in after.rejected] == [one.row for one in before.rejected] != []


@pytest.mark.parametrize("address", [ADDRESS, V6])
def test_cells_of_a_workbook_with_addresses_are_empty(address: str) -> None:
    row = [address if cell == "203.0.113.7" else cell for cell in test_deezer.row()]
    files = test_deezer.deezer(row)
    kept = stripped(files)
    assert address.encode() not in unpacked(next(iter(kept.values())))
    assert read(kept).plays == read(files).plays


def test_a_workbook_of_nothing_but_beginnings_takes_no_longer_than_any_other() -> None:
    began = process_time()
    assert stripping._CELLS.sub(b"", b"<t " * 300_000).count(b"<t ") == 300_000
    assert process_time() - began < 60  # of hours


def test_a_servers_database_keeps_its_plays_alone(tmp_path: Path) -> None:
    rows = test_servers.scrobbles(("m", "1", 1_700_000_000))
    content = test_servers.database(tmp_path, rows)
    path = tmp_path / "own.db"
    path.write_bytes(content)
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE secrets (password)")
        database.execute("INSERT INTO secrets VALUES (?)", (NAME,))
    kept = stripped({"navidrome.db": path.read_bytes()})
    assert NAME.encode() not in kept["navidrome.db"]
    assert read(kept).plays == read({"navidrome.db": content}).plays


def test_parts_of_an_export_that_hold_no_plays_are_sent_without_content() -> None:
    export = zipped(
        {
            "MyData/endsong_0.json": as_json([spotify_row("2025-03-05T13:00:00Z")]),
            "MyData/Userdata.json": as_json({"email": NAME, "birthdate": "2001-01-01"}),
            "MyData/ReadMeFirst.pdf": b"%PDF-1.7 " + NAME.encode(),
            "MyData/notes.txt": NAME.encode(),
        }
    )
    kept = stripped({"my_spotify_data.zip": export})
    assert NAME.encode() not in unpacked(kept["my_spotify_data.zip"])
    assert [one.sentence for one in read(kept).files] == [
        one.sentence for one in read({"my_spotify_data.zip": export}).files
    ]


def test_what_cannot_be_read_to_its_end_is_refused_whole() -> None:
    export = bytearray(zipped({"a.json": as_json([spotify_row("2025-03-05T13:00:00Z")] * 50)}))
    export[60] ^= 0xFF
    for content in (bytes(export), bytes(export[:200])):
        with pytest.raises(RefusedError, match="damaged"):
            stripped({"a.zip": content})
