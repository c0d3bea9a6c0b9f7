"""The process that reads files: what it answers, and how it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from audiospective.imports import child, reading_process, staging
from audiospective.imports.errors import RefusedError
from audiospective.imports.reading_process import AccidentError
from tests.imports.importing import month, spotify_file, spotify_row
from tests.imports.reading_files import NOW
from tests.support import needy_python


def order(folder: Path, files: dict[str, bytes]) -> child.Order:
    uploads = []
    for number, (name, data) in enumerate(files.items()):
        path = folder / f"file-{number}"
        path.write_bytes(data)
        uploads.append((str(path), name))
    for part in ("unpacked", "tables"):
        (folder / part).mkdir()
    return child.Order(uploads, str(folder / "unpacked"), str(folder / "tables"), {"now": NOW})


def nothing(_rows: int) -> None:
    """Nobody wants to know."""


def test_it_leaves_tables_and_findings(tmp_path: Path) -> None:
    told: list[int] = []
    asked = order(tmp_path, spotify_file(*month(), {"ts": "never"}))
    found = reading_process.run(asked, told.append)
    assert told[-1] == 57
    (file,) = found.files
    assert (file.source, file.rows, file.plays) == ("spotify_extended", 57, 56)
    assert sum(file.rejected.values()) == 1
    assert found.tracks == 5
    tables = {name: pl.read_parquet(tmp_path / f"tables/{name}.parquet") for name in staging.TABLES}
    assert {name: table.height for name, table in tables.items()} == {
        "plays": 56, "tracks": 5, "left_out": 1,
    }  # fmt: skip
    assert "203.0.113.7" not in str([table.to_dicts() for table in tables.values()])


def test_it_starts_where_python_finds_its_library_by_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    needy_python.use(tmp_path, monkeypatch)
    found = reading_process.run(order(tmp_path, spotify_file(*month())), nothing)
    assert found.files[0].plays == 56


def test_more_than_is_taken_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(staging, "MOST_TRACKS", 3)
    with pytest.raises(RefusedError, match="more than 3 different tracks"):
        child.read(order(tmp_path, spotify_file(*month())))
    monkeypatch.setattr(staging, "MOST_TRACKS", 100)
    monkeypatch.setattr(staging, "MOST_ROWS", 50)
    (tmp_path / "again").mkdir()
    with pytest.raises(RefusedError, match="more than 50 rows"):
        child.read(order(tmp_path / "again", spotify_file(*month())))


def test_whoever_watches_can_end_it(tmp_path: Path) -> None:
    class EnoughError(Exception):
        pass

    def enough(_rows: int) -> None:
        raise EnoughError

    with pytest.raises(EnoughError):
        reading_process.run(order(tmp_path, spotify_file(*month())), enough)
    assert not _children()


def test_one_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    with pytest.raises(AccidentError, match="too long"):
        reading_process.run(order(tmp_path, spotify_file(*month())), nothing, seconds=0)
    assert not _children()


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSEGV])
def test_one_that_dies_is_an_accident(tmp_path: Path, how: signal.Signals) -> None:
    def kill(_rows: int) -> None:
        for pid in _children():
            os.kill(pid, how)

    with pytest.raises(AccidentError):
        reading_process.run(order(tmp_path, spotify_file(*month())), kill)


def test_memory_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code = "from audiospective.imports import child; child.confine(); b = bytearray(8 << 30)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "MemoryError" in done.stderr


def test_it_ends_with_whoever_started_it(tmp_path: Path) -> None:
    # An order for a pipe that nobody writes to: it would read for ever.
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    asked = child.Order([(str(pipe), "a.json")], str(tmp_path), str(tmp_path), {"now": NOW})
    command = [sys.executable, "-m", child.__name__]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as waiting:
        assert waiting.stdin is not None
        waiting.stdin.write(asked.dumps())
        waiting.stdin.close()  # what happens to a pipe when the process at its other end is killed
        assert waiting.wait(timeout=60) == 1


def test_plays_of_which_nothing_is_known_but_the_time(tmp_path: Path) -> None:
    unknown = spotify_row("2025-03-05T13:00:00Z", spotify_track_uri=None,
                          master_metadata_track_name=None,
                          master_metadata_album_artist_name=None,
                          master_metadata_album_album_name=None)  # fmt: skip
    found = child.read(order(tmp_path, spotify_file(unknown, unknown)))
    assert found.files[0].plays == 2
    assert found.tracks == 1


def _children() -> list[int]:
    own = Path(f"/proc/self/task/{os.getpid()}/children")
    pids = [int(pid) for pid in own.read_text().split()]
    reading = [pid for pid in pids if b"imports.child" in Path(f"/proc/{pid}/cmdline").read_bytes()]
    return [pid for pid in reading if Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"]
