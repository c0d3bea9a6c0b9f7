"""Apple Music: nested archives, artists learnt from side files, plays in pieces."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from typing import Any

import pytest

from audiospective.imports.reasons import Reason
from tests.imports.reading_files import ms, read, zipped

ACTIVITY = "Apple Music Activity/Apple Music Play Activity.csv"
COLUMNS = (
    *("Album Name", "Apple Id Number", "Client IP Address", "Container Origin Type"),
    *("Device Type", "End Reason Type", "Event End Timestamp", "Event Received Timestamp"),
    *("Event Start Timestamp", "Event Type", "Item Type", "Media Duration In Milliseconds"),
    *("Media Type", "Milliseconds Since Play", "Offline", "Play Duration Milliseconds"),
    *("Shuffle Play", "Song Name", "UTC Offset In Seconds"),
)
START = "2023-11-04T22:00:00.500Z"


def event(start: str = START, seconds: float = 200, **changes: Any) -> dict[str, Any]:
    """A whole play of a song of 200 seconds."""
    facts = {
        "Album Name": "Northern Quay",
        "Apple Id Number": "12345678",
        "Client IP Address": "203.0.113.7",
        "Device Type": "IPHONE",
        "End Reason Type": "NATURAL_END_OF_TRACK",
        "Event Start Timestamp": start,
        "Event Type": "PLAY_END",
        "Media Duration In Milliseconds": 200_000,
        "Media Type": "AUDIO",
        "Offline": "FALSE",
        "Play Duration Milliseconds": int(seconds * 1000),
        "Shuffle Play": "SHUFFLE_OFF",
        "Song Name": "Slack Water",
        "UTC Offset In Seconds": 3600,
    }
    return {**facts, **{name.replace("_", " "): value for name, value in changes.items()}}


def table(rows: Sequence[dict[str, Any]], columns: Sequence[str] = COLUMNS) -> bytes:
    file = io.StringIO()
    writer = csv.DictWriter(file, columns, extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    return file.getvalue().encode()


def activity(*rows: dict[str, Any]) -> dict[str, bytes]:
    return {"Apple Music Play Activity.csv": table(rows)}


def test_a_play_has_both_ends_its_length_and_nothing_personal() -> None:
    outcome = read(activity(event()))
    (play,) = outcome.plays
    start = ms("2023-11-04T22:00:00") + 500
    assert (play["started_at"], play["ended_at"]) == (start, start + 200_000)
    assert (play["ms_played"], play["length_ms"]) == (200_000, 200_000)
    assert (play["title"], play["album"], play["artist"]) == ("Slack Water", "Northern Quay", None)
    assert (play["shuffle"], play["offline"], play["platform"]) == (False, False, "IPHONE")
    assert outcome.notes["no_artist"] == 1
    assert "203.0.113.7" not in repr(outcome)
    assert "12345678" not in repr(outcome)


SIDES: dict[str, bytes] = {
    "Apple Music - Play History Daily Tracks.csv": table(
        [{"Track Description": "Harbour Lights - Slack Water", "Date Played": 20231104}],
        ("Country", "Date Played", "Hours", "Track Description", "Track Identifier"),
    ),
    "Apple Music - Track Play History.csv": table(
        [{"Track Name": "Harbour Lights - Slack Water"}], ("Track Name", "Last Played Date")
    ),
    "Apple Music - Track Play History (1).csv": table(
        [{"Song Name": "Slack Water", "Artist Name": "Harbour Lights"}],
        ("Track Identifier", "Song Name", "Artist Name"),
    ),
    "Apple Music - Recently Played Tracks.csv": table(
        [{"Track Description": "Harbour Lights - Slack Water"}],
        ("Track Description", "Container Description"),
    ),
    "Apple Music Library Tracks.json": json.dumps(
        [{"Title": "Slack Water", "Artist": "Harbour Lights", "Album": "Northern Quay"}]
    ).encode(),
    "Apple Music Library Tracks.csv": table(
        [{"Title": "Slack Water", "Artist": "Harbour Lights"}], ("Title", "Artist", "Album")
    ),
}


@pytest.mark.parametrize("name", SIDES)
def test_the_artist_is_learnt_from_each_of_the_side_files(name: str) -> None:
    outcome = read({name: SIDES[name], **activity(event())})
    assert outcome.column("artist") == ["Harbour Lights"]
    assert outcome.rows == 1
    assert [file.plays for file in outcome.files] == [False, True]


def library(*tracks: tuple[str, str, str]) -> dict[str, bytes]:
    names = ("Title", "Artist", "Album")
    rows = [dict(zip(names, track, strict=True)) for track in tracks]
    return {"Apple Music Library Tracks.json": json.dumps(rows).encode()}


def test_the_album_decides_between_namesakes_then_the_commonest_and_a_tie_is_unknown() -> None:
    tracks = [("Home", "Ann", "One"), ("Home", "Bo", "Two"), ("Home", "Bo", "Three")]
    ties = [("Away", "Ann", "One"), ("Away", "Bo", "Two")]
    rows = [
        event(Song_Name="Home", Album_Name="One"),
        event(Song_Name="HOME", Album_Name="Four"),
        event(Song_Name="Away", Album_Name="Four"),
    ]
    outcome = read({**library(*tracks, *ties), **activity(*rows)})
    assert outcome.column("artist") == ["Ann", "Bo", None]


def test_archives_within_archives_in_two_parts_are_one_import() -> None:
    inner = zipped({ACTIVITY: table([event()])})
    sides = zipped(
        {
            "Apple Music Activity/Apple Music Library Tracks.json.zip": zipped(
                library(("Slack Water", "Harbour Lights", "Northern Quay"))
            )
        }
    )
    outcome = read(
        {
            "Daten - Part 1 of 2.zip": zipped({"x/Apple_Media_Services.zip": inner}),
            "Daten - Part 2 of 2.zip": zipped({"x/Apple_Media_Services.zip": sides}),
        }
    )
    assert outcome.column("artist") == ["Harbour Lights"]
    assert not outcome.sentences


def piece(minute: int, second: float, heard: float, reason: str, **changes: Any) -> dict[str, Any]:
    start = f"2023-11-04T22:{minute:02d}:{second:04.1f}00Z"
    return event(start, heard, End_Reason_Type=reason, **changes)


@pytest.mark.parametrize("newest_first", [False, True])
def test_a_play_that_was_paused_and_wound_is_one_play(newest_first: bool) -> None:
    pieces = [
        piece(0, 0, 60, "PLAYBACK_MANUALLY_PAUSED"),
        piece(1, 20, 40, "SCRUB_BEGIN"),
        piece(2, 5, 100, "NATURAL_END_OF_TRACK"),
    ]
    outcome = read(activity(*(reversed(pieces) if newest_first else pieces)))
    (play,) = outcome.plays
    assert play["ms_played"] == 200_000
    assert play["started_at"] == ms("2023-11-04T22:00:00")
    assert play["ended_at"] == ms("2023-11-04T22:03:45")
    assert play["reason_end"] == "NATURAL_END_OF_TRACK"
    assert outcome.reasons == [Reason.PART_OF_PLAY] * 2


@pytest.mark.parametrize(
    "pieces",
    [
        [piece(0, 0, 200, "NATURAL_END_OF_TRACK"), piece(3, 20, 200, "NATURAL_END_OF_TRACK")],
        [piece(0, 0, 5, "TRACK_SKIPPED_BACKWARDS"), piece(0, 5, 200, "NATURAL_END_OF_TRACK")],
        [piece(0, 0, 60, "PLAYBACK_MANUALLY_PAUSED"), piece(1, 30, 100, "SCRUB_END")],
        [piece(0, 0, 150, "PLAYBACK_MANUALLY_PAUSED"), piece(2, 40, 200, "SCRUB_END")],
    ],
    ids=["heard again", "begun again", "half a minute apart", "longer than the song"],
)
def test_other_plays_of_the_same_song_stay_apart(pieces: list[dict[str, Any]]) -> None:
    outcome = read(activity(*pieces))
    assert len(outcome.plays) == 2


@pytest.mark.parametrize(
    "other",
    [{"Artist_Name": "Bo"}, {"Artist_Name": "Ann", "Media_Duration_In_Milliseconds": 190_000}],
)
def test_songs_of_one_title_and_album_are_not_pieces_of_one_play(other: dict[str, Any]) -> None:
    columns = ("Artist Name", *COLUMNS)
    paused = piece(0, 0, 60, "PLAYBACK_MANUALLY_PAUSED", Artist_Name="Ann")
    rows = [paused, piece(1, 5, 100, "NATURAL_END_OF_TRACK", **other)]
    assert read({"x.csv": table(rows, columns)}).column("ms_played") == [60_000, 100_000]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"Event_Type": "PLAY_START"}, Reason.NOT_A_PLAY_EVENT),
        ({"Event_Type": "LYRIC_DISPLAY"}, Reason.NOT_A_PLAY_EVENT),
        ({"End_Reason_Type": "FAILED_TO_LOAD"}, Reason.NOT_A_PLAY_EVENT),
        ({"Media_Type": "VIDEO"}, Reason.NOT_AUDIO),
        ({"Item_Type": "ORIGINAL_CONTENT_SHOWS"}, Reason.NOT_AUDIO),
        ({"Container_Origin_Type": "STREAM_RADIO_STATION"}, Reason.NOT_AUDIO),
        ({"Song_Name": ""}, Reason.NO_TITLE),
        ({"Event_Start_Timestamp": ""}, Reason.NO_TIME),
        ({"Event_Start_Timestamp": "1970-01-01T00:00:00Z"}, Reason.TIME_OUT_OF_RANGE),
        ({"Event_Start_Timestamp": "2199-01-01T00:00:00Z"}, Reason.TIME_OUT_OF_RANGE),
    ],
)
def test_what_is_no_play_is_told_apart(changes: dict[str, Any], reason: Reason) -> None:
    outcome = read(activity(event(), event(**changes)))
    assert outcome.column("row") == [2]
    assert outcome.reasons == [reason]


def test_columns_of_the_older_generation_are_read() -> None:
    old = {"Content Name": "Slack Water", "Artist Name": "Harbour Lights", "Event Type": ""}
    facts = {**event(), **old}
    columns = ("Artist Name", "Content Name", *(set(COLUMNS) - {"Song Name"}))
    outcome = read({"x.csv": table([facts], columns)})
    assert outcome.column("title") == ["Slack Water"]
    assert outcome.column("artist") == ["Harbour Lights"]


@pytest.mark.parametrize(("written", "played"), [(-5, 0), ("", None), ("x", None), (10**12, None)])
def test_a_length_that_cannot_be_is_none_or_unknown(written: object, played: int | None) -> None:
    (play,) = read(activity(event(Play_Duration_Milliseconds=written))).plays
    assert play["ms_played"] == played


def test_the_time_may_only_follow_from_when_the_event_arrived() -> None:
    changes = {"Event_Start_Timestamp": "", "Event_Received_Timestamp": "2023-11-04T23:00:00Z"}
    (play,) = read(activity(event(**changes, Milliseconds_Since_Play=3_600_000))).plays
    assert play["ended_at"] == ms("2023-11-04T22:00:00")


def test_other_tables_of_the_export_are_not_taken_for_plays() -> None:
    content = b"Date,Track,Time\n2023-11-04,x,10:00\n"
    outcome = read({"a.zip": zipped({"Apple Music - Container Details.csv": content})})
    assert outcome.sources == [None]
    assert "not needed" in outcome.sentences[0]


def test_every_row_of_many_songs_lands_in_one_bin() -> None:
    rows = [event(Song_Name=f"Song {number % 5_000}") for number in range(12_000)]
    assert read(activity(*rows)).rows == 12_000
