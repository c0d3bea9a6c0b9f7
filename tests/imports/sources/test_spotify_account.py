"""Spotify's account data: minutes, no ids, podcasts and audiobooks in other columns."""

from __future__ import annotations

from typing import Any

import pytest

from audiospective.imports.reasons import Reason
from tests.imports.reading_files import as_json, ms, read, zipped

NAME = "StreamingHistory_music_0.json"


def row(at: str = "2024-05-06 18:43", title: str = "Slack Water", **changes: Any) -> dict[str, Any]:
    artist = {"artistName": "Harbour Lights", "trackName": title}
    return {"endTime": at, **artist, "msPlayed": 216_783, **changes}


def test_a_play_is_known_to_the_minute_and_by_names_alone() -> None:
    outcome = read({NAME: as_json([row()])})
    (play,) = outcome.plays
    assert play["ended_at"] == ms("2024-05-06T18:43:00")
    assert play["precision"] == 60_000
    assert (play["title"], play["album_artist"]) == ("Slack Water", "Harbour Lights")
    assert play["spotify_id"] is None


def test_plays_of_one_minute_are_spread_in_it_as_long_as_each_was_played() -> None:
    rows = [row(msPlayed=9_000), row(msPlayed=4_000), row(msPlayed=0), row(msPlayed=20_000)]
    outcome = read({NAME: as_json([*rows, row("2024-05-06 18:44")])})
    minute = ms("2024-05-06T18:43:00")
    assert [at - minute for at in outcome.column("ended_at")] == [0, 4_000, 4_001, 24_001, 60_000]


def test_even_a_minute_that_is_too_full_keeps_its_order_and_every_play_apart() -> None:
    outcome = read({NAME: as_json([row(msPlayed=200_000) for _ in range(300)])})
    ends = outcome.column("ended_at")
    assert ends == sorted(set(ends))
    assert ends[-1] - ends[0] < 60_000


def test_podcasts_and_audiobooks_are_read_from_their_own_columns() -> None:
    at = {"endTime": "2024-05-06 18:43", "msPlayed": 1_000}
    podcast = {**at, "podcastName": "Sea Talk", "episodeName": "Tides"}
    book = {**at, "audiobookName": "The Long Shore", "authorName": "A. Pilot"}
    chapter = {**book, "chapterName": "Ebb"}
    outcome = read({"StreamingHistory_podcast_0.json": as_json([podcast, book, chapter])})
    assert outcome.column("kind") == ["episode", "chapter", "chapter"]
    assert outcome.column("title") == ["Tides", "The Long Shore", "Ebb"]
    assert outcome.column("show") == ["Sea Talk", "The Long Shore", "The Long Shore"]


def test_what_spotify_has_forgotten_is_a_play_of_an_unknown_item() -> None:
    outcome = read({NAME: as_json([row(artistName="Unknown Artist", trackName="Unknown Track")])})
    assert outcome.column("kind") == ["unknown"]
    assert outcome.column("title") == [None]
    assert outcome.notes["unknown_item"] == 1


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"endTime": None}, Reason.NO_TIME),
        ({"endTime": 5}, Reason.NO_TIME),
        ({"endTime": "06/05/2024"}, Reason.NO_TIME),
        ({"endTime": "1970-01-01 00:00"}, Reason.TIME_OUT_OF_RANGE),
        ({"endTime": "2199-01-01 00:00"}, Reason.TIME_OUT_OF_RANGE),
        ({"trackName": None}, Reason.NO_TITLE),
        ({"trackName": ["x"]}, Reason.NO_TITLE),
        ({"artistName": ""}, Reason.NO_ARTIST),
    ],
)
def test_a_row_that_is_no_play_is_rejected_alone(changes: dict[str, Any], reason: Reason) -> None:
    outcome = read({NAME: as_json([row(), row(**changes), row()])})
    assert outcome.column("row") == [1, 3]
    assert outcome.reasons == [reason]


@pytest.mark.parametrize("value", [-1, "long", None, 2**40, 1e400, [], True])
def test_a_length_that_cannot_be_is_unknown(value: object) -> None:
    import json

    outcome = read({NAME: json.dumps([row(msPlayed=value)]).encode()})
    assert outcome.column("ms_played") == [None]


def test_the_other_files_of_the_package_are_explained() -> None:
    names = ["Playlist1.json", "YourLibrary.json", "Userdata.json", "Wrapped2024.json"]
    files = {f"Spotify Account Data/{name}": as_json({"email": "x"}) for name in names}
    outcome = read({"my_spotify_data.zip": zipped(files)})
    assert outcome.sources == [None] * 4
    assert all("extended streaming history" in one for one in outcome.sentences)


def test_the_older_name_is_read_as_well() -> None:
    outcome = read({"MyData.zip": zipped({"MyData/StreamingHistory0.json": as_json([row()])})})
    assert outcome.sources == ["spotify_account"]
