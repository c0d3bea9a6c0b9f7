"""What importers get wrong elsewhere, row by row: which test holds it, and the missing ones."""

from __future__ import annotations

import io
import json
from importlib import import_module
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from audiospective.imports.plays import Batch
from audiospective.imports.sources import SOURCES, apple_music
from audiospective.imports.sources.base import Answers, Peek
from tests.imports.reading_files import NOW, read
from tests.imports.samples import SAMPLES
from tests.imports.sources import test_apple_music

ANY, SPOTIFY = "test_any_input", "sources.test_spotify_extended"
MATRIX: dict[str, tuple[str, ...]] = {
    "the smallest good file": (f"{ANY}.test_a_good_file_is_read_loose_and_zipped",),
    "an empty file": (f"{ANY}.test_a_file_of_nothing_is_answered_with_a_sentence",),
    "a header alone": (f"{ANY}.test_a_header_alone_has_no_rows_and_is_no_fault",),
    "the wrong package": (
        "test_matrix.test_a_file_beside_the_history_says_what_it_is",
        "sources.test_spotify_account.test_the_other_files_of_the_package_are_explained",
    ),
    "renamed, a byte order mark, CRLF": (
        f"{ANY}.test_the_way_a_file_was_saved_and_called_does_not_matter",
        f"{SPOTIFY}.test_the_name_of_the_file_does_not_matter",
    ),
    "one broken row in a thousand": (
        "test_matrix.test_one_broken_row_in_a_thousand_costs_one_row",
        f"{SPOTIFY}.test_one_broken_row_in_a_thousand_costs_one_row",
    ),
    "NUL, 300 characters, right to left": (
        f"{ANY}.test_odd_titles_are_kept_without_what_cannot_be_stored",
    ),
    "one archive from live plays and all sources": (
        "test_one_archive.test_all_sources_in_any_order",
        "test_one_archive.test_each_source_knows_a_part",
        "test_imports.test_any_import_is_taken_back_as_if_it_had_never_been",
    ),
    "rows without any name": (
        f"{SPOTIFY}.test_rows_without_any_name_are_kept_as_plays_of_an_unknown_item",
    ),
    "a video file with the URI of a track": (
        f"{SPOTIFY}.test_music_videos_are_tracks_and_keep_their_id",
    ),
    "audiobooks with the URIs of podcasts": (
        f"{SPOTIFY}.test_podcasts_and_audiobooks_are_told_apart_by_their_keys_not_by_their_uris",
    ),
    "offline times in both units": (
        f"{SPOTIFY}.test_tracks_that_share_the_time_of_a_sync_get_their_own_times",
    ),
    "fractions of a second": (
        f"{SPOTIFY}.test_fractions_of_a_second_are_kept_and_make_the_time_precise",
    ),
    "Apple: three archives deep, in two parts": (
        "sources.test_apple_music.test_archives_within_archives_in_two_parts_are_one_import",
    ),
    "Apple: artists from the side files, or none": (
        "sources.test_apple_music.test_the_artist_is_learnt_from_each_of_the_side_files",
        "test_matrix.test_plays_without_an_artist_are_kept_and_counted",
    ),
    "Apple: a play that was paused": (
        "sources.test_apple_music.test_a_play_that_was_paused_and_wound_is_one_play",
    ),
    "Apple: hundreds of megabytes": ("test_matrix.test_a_table_of_any_length_is_read_as_it_comes",),
    "Takeout in any language": (
        "sources.test_youtube_music.test_the_word_around_titles_is_learnt_in_any_language",
    ),
    "Takeout: a channel called Release": (
        "sources.test_youtube_music.test_a_channel_called_release_is_nobody",
    ),
    "Takeout: advertisements, deleted videos": (
        "sources.test_youtube_music.test_what_is_no_play_of_music_is_told_apart",
    ),
    "Deezer: -1 for unknown": ("sources.test_deezer.test_the_time_heard_is_seconds_or_a_clock",),
    "Deezer: a day as a serial number": (
        "sources.test_deezer.test_a_date_may_be_the_serial_number_of_a_day",
    ),
    "Deezer: forty songs at one second": (
        "sources.test_deezer.test_forty_songs_at_one_second_are_imprecise",
    ),
    "Tidal: 0:00, null, a zone that is none": (
        "sources.test_tidal.test_each_row_has_a_zone_of_its_own",
        "sources.test_tidal.test_the_time_heard_is_a_number_or_unknown",
    ),
    "what other importers accept": (
        "tests.exports.test_readers_accept.test_every_play_is_taken",
        "sources.test_audiospective.test_an_archive_comes_back_from_every_form",
    ),
}


@pytest.mark.parametrize("row", MATRIX)
def test_every_row_of_the_matrix_is_a_test(row: str) -> None:
    for where in MATRIX[row]:
        module, _, name = where.rpartition(".")
        found = import_module(module if module.startswith("tests.") else f"tests.imports.{module}")
        assert callable(getattr(found, name)), where


def thousand(content: bytes) -> bytes:
    """A file with its rows repeated to 999 and one that is broken."""
    try:
        document = json.loads(content)
    except ValueError:
        return _lines(content)
    rows = _rows(document)
    if rows is None:
        return _lines(content)
    rows[:] = (rows * 999)[:999]
    rows.insert(500, 5)
    return json.dumps(document).encode()


def _rows(value: Any) -> list[Any] | None:
    """The list of rows of a document, of pages those of the first."""
    if isinstance(value, list):
        paged = value and isinstance(value[0], dict) and isinstance(value[0].get("track"), list)
        return value[0]["track"] if paged else value  # type: ignore[no-any-return]
    within = value.values() if isinstance(value, dict) else ()
    return next((found for one in within if (found := _rows(one)) is not None), None)


def _lines(content: bytes) -> bytes:
    lines = content.decode("utf-8-sig").splitlines()
    head = [line for line in lines if line.startswith("#")]
    rest = lines[len(head) :]
    if not rest[0].startswith("{") and not rest[0][:1].isdigit() and len(rest) > 1:
        head.append(rest.pop(0))
    rows = (rest * 999)[:999]
    broken = "{broken" if rows[0].startswith("{") else '"never closed' + ",;\t" * 40
    rows.insert(500, broken)
    return "\n".join([*head, *rows]).encode()


TEXTS = [name for name in SAMPLES if name not in ("deezer", "navidrome", "listenbrainz")]


@pytest.mark.parametrize("name", TEXTS)
def test_one_broken_row_in_a_thousand_costs_one_row(name: str) -> None:
    files = dict(SAMPLES[name])
    plays = {file.name for file in read(files).files if file.source and file.plays}
    hit = next(one for one in files if one in plays)
    grown = thousand(files[hit])
    outcome = read({**files, hit: grown})
    assert outcome.broken == []
    rejected = [one.row for one in outcome.rejected]
    before = [one.row for one in read({**files, hit: whole(grown)}).rejected]
    assert len(rejected) == len(before) + 1
    assert outcome.rows == read({**files, hit: whole(grown)}).rows + 1


def whole(grown: bytes) -> bytes:
    """The same without the broken row."""
    for text in (b"5, ", b"{broken\n"):
        if text in grown and (text != b"5, " or grown.count(b", 5, ") == 1):
            return grown.replace(b", 5, ", b", ", 1) if text == b"5, " else grown.replace(text, b"")
    lines = grown.split(b"\n")
    return b"\n".join(line for line in lines if not line.startswith(b'"never closed'))


BESIDE = {
    "MyData/Playlist1.json": ("[]", "account data"),
    "MyData/Userdata.json": ("{}", "account data"),
    "MyData/ReadMeFirst_ExtendedStreamingHistory.pdf": ("%PDF-1.7", "in the JSON files beside it"),
    "lb/feedback.jsonl": ("{}", "ListenBrainz's export that holds no listens"),
    "Takeout/YouTube/history/watch-history.html": ("<html>", "choose JSON"),
    "Takeout/YouTube/history/search-history.json": ("[]", "the plays are in watch-history.json"),
    "Apple Music Library Playlists.json": ("[{}]", "not needed for your plays"),
    "Spotify/StreamingHistory.zip": ("PK\x07\x08", ""),
    "notes.txt": ("nothing", "no listening history was recognised"),
    "holiday.jpg": ("\xff\xd8\xff", "A picture"),
}


@pytest.mark.parametrize("name", BESIDE)
def test_a_file_beside_the_history_says_what_it_is(name: str) -> None:
    content, words = BESIDE[name]
    outcome = read({name: content.encode("latin-1")})
    assert outcome.rows == 0
    assert len(outcome.sentences) == 1
    assert words in outcome.sentences[0]


def test_plays_without_an_artist_are_kept_and_counted() -> None:
    outcome = read(test_apple_music.activity(test_apple_music.event()))
    assert outcome.column("artist") == [None]
    assert sum(outcome.notes.values()) == 1


class _Stream(io.RawIOBase):
    """A table whose rows are made when somebody reads them."""

    def __init__(self, rows: int) -> None:
        header, line, _ = test_apple_music.table([test_apple_music.event()]).split(b"\n")
        self.made, self.left = header + b"\n", rows
        self.line = line + b"\n"

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        while len(self.made) < len(buffer) and self.left:
            self.left -= 1
            self.made += self.line
        piece, self.made = self.made[: len(buffer)], self.made[len(buffer) :]
        buffer[: len(piece)] = piece
        return len(piece)


class _File:
    """Apple's table of plays, two million rows long: 350 MB."""

    number, role = 0, "plays"

    def __init__(self) -> None:
        self.stream = _Stream(2_000_000)
        self.peek = Peek("Apple Music Play Activity.csv", b"", 350 << 20)

    def open(self) -> BinaryIO:
        return io.BufferedReader(self.stream, 1 << 16)

    def path(self) -> Path:
        raise AssertionError("it is not copied")

    def sheet(self, name: str) -> Any:
        raise AssertionError(name)


def test_a_table_of_any_length_is_read_as_it_comes() -> None:
    file = _File()
    batches = apple_music.read([file], Answers(NOW))
    rows = 0
    while rows < 20_000:
        batch = next(batches)
        assert isinstance(batch, Batch)
        rows += batch.rows
    assert rows < 30_000
    assert file.stream.left > 1_950_000


def test_every_source_is_in_the_samples_that_these_tests_go_through() -> None:
    assert {name.partition(" ")[0] for name in SAMPLES} == {one.name for one in SOURCES}
