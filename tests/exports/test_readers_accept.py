"""Every reader elsewhere takes every play of our exports, and what was changed is listed."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

from audiospective.exports import files
from audiospective.exports.formats import FORMATS
from audiospective.policy.timing import Timing
from tests.exports import readers
from tests.exports.making import (
    archive,
    hard_plays,
    imported,
    plays_of,
    song,
    taken,
    untakeable_plays,
)

pytestmark = pytest.mark.usefixtures("database")

Reader = Callable[[Path], list[dict[str, Any]]]
READERS: list[tuple[str, Reader]] = [
    ("listenbrainz", readers.listenbrainz),
    ("listenbrainz", readers.koito_listenbrainz),
    ("maloja", readers.maloja),
    ("koito", readers.koito),
    ("lastfm", readers.recent_tracks),
    ("spotify", readers.spotify_rows),
    ("spotify", readers.koito_spotify),
]


def export(user_id: int, name: str, folder: Path) -> tuple[Path, list[dict[str, str]]]:
    """A compatible export as its reader gets it, and the list of changes."""
    file = files.save(FORMATS[name], taken(user_id, folder), folder, compatible=True)
    with ZipFile(file) as zipped:
        listed = zipped.read("CHANGES.csv").decode("utf-8-sig")
        if not FORMATS[name].zipped:
            (inner,) = (one for one in zipped.namelist() if one != "CHANGES.csv")
            file = Path(zipped.extract(inner, folder / "unpacked"))
    return file, list(csv.DictReader(listed.splitlines()))


@pytest.mark.parametrize(("name", "reader"), READERS)
def test_every_play_is_taken(name: str, reader: Reader, tmp_path: Path) -> None:
    user_id = archive(*hard_plays())
    file, _ = export(user_id, name, tmp_path)
    assert len(reader(file)) == plays_of(user_id).height


@pytest.mark.parametrize("reader", [readers.listenbrainz_spotify, readers.your_spotify])
def test_readers_that_go_by_ids_take_all_that_have_one(reader: Reader, tmp_path: Path) -> None:
    user_id = archive(*hard_plays())
    file, changes = export(user_id, "spotify", tmp_path)
    without = [row for row in changes if row["change"] == "kept, yet"]
    assert len(without) == 2
    assert len(reader(file)) == plays_of(user_id).height - len(without)


@pytest.mark.parametrize("name", ["listenbrainz", "maloja", "koito", "lastfm"])
def test_what_no_reader_of_music_can_take_is_left_out_and_listed(name: str, tmp_path: Path) -> None:
    hard, odd = hard_plays(), untakeable_plays()
    user_id = archive(*hard, *odd)
    file, changes = export(user_id, name, tmp_path)
    (reader, *_) = (found for one, found in READERS if one == name)
    left = [row for row in changes if row["change"] == "left out"]
    assert len(left) == len(odd)
    assert {row["track"] for row in left} == {"Episode 12", "Chapter 3", "", "Nobody's"}
    assert all(row["detail"] for row in left)
    assert len(reader(file)) == len(hard)


def test_what_listenbrainz_refuses_of_names_is_left_out_and_listed(tmp_path: Path) -> None:
    at = datetime(2025, 8, 1, tzinfo=UTC)
    songs = [
        song(" \u3000", "Odd Lots"),
        song("Blank artist", " "),
        song("Crowd", *("ü" * 30 + str(one) for one in range(90))),
        song("Blank album", "Odd Lots", album="  "),
        song("Duet", *("ü" * 30 + str(one) for one in range(60))),
    ]
    plays = (imported(at.replace(day=day), one) for day, one in enumerate(songs, 1))
    file, changes = export(archive(*plays), "listenbrainz", tmp_path)
    listed = {row["track"]: row["detail"] for row in changes if row["change"] == "left out"}
    assert [detail.split()[-1] for detail in listed.values()] == ["blanks", "blanks", "listen"]
    taken = readers.listenbrainz(file)
    assert [one["track_metadata"]["track_name"] for one in taken] == ["Blank album", "Duet"]
    assert "release_name" not in taken[0]["track_metadata"]


@pytest.mark.parametrize("name", ["koito", "lastfm", "maloja"])
def test_names_of_blanks_are_left_out_for_every_reader_of_music(name: str, tmp_path: Path) -> None:
    at = datetime(2025, 8, 1, tzinfo=UTC)
    songs = [
        song(" \u3000", "Odd Lots"),
        song("Blank artist", " "),
        song("Blank album", "Odd Lots", " ", album="  "),
    ]
    plays = (imported(at.replace(day=day), one) for day, one in enumerate(songs, 1))
    file, changes = export(archive(*plays), name, tmp_path)
    listed = [row["detail"] for row in changes if row["change"] == "left out"]
    assert listed == ["its title is nothing but blanks", "its artist is nothing but blanks"]
    text = file.read_text(encoding="utf-8")
    assert '"  "' not in text
    assert '" "' not in text
    (reader, *_) = (found for one, found in READERS if one == name)
    assert len(reader(file)) == 1


def test_podcasts_and_books_stay_in_spotifys_form(tmp_path: Path) -> None:
    user_id = archive(*untakeable_plays())
    file, _ = export(user_id, "spotify", tmp_path)
    rows = readers.spotify_rows(file)
    assert rows[0]["episode_name"] == "Episode 12"
    assert rows[0]["episode_show_name"] == "A Talk"
    assert rows[0]["spotify_episode_uri"].startswith("spotify:episode:")
    assert rows[0]["spotify_track_uri"] is None
    assert rows[1]["audiobook_title"] == "A Book"
    assert rows[1]["audiobook_chapter_title"] == "Chapter 3"
    assert {len(row) for row in rows} == {23}


def test_the_list_says_what_was_filled_in_and_only_that(tmp_path: Path) -> None:
    user_id = archive(*hard_plays())
    plays = plays_of(user_id)
    unknown = plays["ms_played"].null_count()
    _, spotify = export(user_id, "spotify", tmp_path)
    assert Counter(row["change"] for row in spotify) == {"filled in": unknown, "kept, yet": 2}
    details = Counter(row["detail"] for row in spotify if row["change"] == "filled in")
    assert details == {
        "ms_played: the length of the track; reason_end: trackdone": unknown - 1,
        "ms_played: 30000, neither it nor the length is known; reason_end: trackdone": 1,
    }
    _, koito = export(user_id, "koito", tmp_path)
    assert [row["detail"] for row in koito] == ["album: the title of the track"] * 2
    _, lastfm = export(user_id, "lastfm", tmp_path)
    assert len(lastfm) == unknown
    assert sum("neither" in row["detail"] for row in lastfm) == 1


def test_a_start_that_is_known_is_not_estimated(tmp_path: Path) -> None:
    one = song("Slack Water", "Harbour Lights")
    at = datetime(2025, 1, 1, 12, tzinfo=UTC)
    began = imported(at, one, ms_played=None, timing=int(Timing.BEGAN))
    heard = imported(at.replace(hour=13), one, ms_played=60_000, timing=int(Timing.HEARD))
    file, changes = export(archive(began, heard), "lastfm", tmp_path)
    times = [row["utc_time"][-5:] for row in readers.recent_tracks(file)]
    assert times == ["12:00", "12:59"]
    assert changes == []


def test_plays_of_one_second_are_moved_apart_for_maloja(tmp_path: Path) -> None:
    user_id = archive(*hard_plays())
    file, changes = export(user_id, "maloja", tmp_path)
    moved = [row for row in changes if row["change"] == "moved"]
    times = [scrobble["time"] for scrobble in readers.maloja(file)]
    assert times == sorted(set(times))
    # Of 12:00:00 twice and 12:00:01 once the second goes to :01 and the third to :02.
    assert [row["played_at"][11:19] for row in moved if row["played_at"] > "2025-06"] == [
        "12:00:00",
        "12:00:01",
    ]
    assert all(row["detail"].startswith("by 1 s") for row in moved)


@pytest.mark.parametrize("name", ["listenbrainz", "maloja", "koito", "lastfm", "spotify"])
def test_an_empty_archive_is_an_empty_export(name: str, tmp_path: Path) -> None:
    file, changes = export(archive(), name, tmp_path)
    (reader, *_) = (found for one, found in READERS if one == name)
    assert reader(file) == []
    assert changes == []
