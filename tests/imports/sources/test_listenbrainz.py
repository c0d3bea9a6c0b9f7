"""ListenBrainz: the zip of months, the older list, and whose clock a listen has."""

from __future__ import annotations

import json
from typing import Any

import pytest

from audiospective.imports.reasons import Reason
from tests.imports.reading_files import as_json, read, zipped

AT = 1_699_136_376
MBID = "c7d0bf6e-b2aa-4ffa-bded-2448415b39b0"
SPOTIFY = "https://open.spotify.com/track/0aB1cD2eF3gH4iJ5kL6mN7"


def listen(at: object = AT, info: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    return {
        "inserted_at": 1748964422.5,
        "listened_at": at,
        "track_metadata": {
            "track_name": "Slack Water",
            "artist_name": "Harbour Lights",
            "release_name": "Northern Quay",
            "mbid_mapping": {"recording_mbid": MBID, "artists": []},
            "additional_info": info or {},
            **changes,
        },
    }


def months(*listens: dict[str, Any]) -> dict[str, bytes]:
    lines = "\n".join(json.dumps(one) for one in listens).encode()
    return {
        "listenbrainz_alice_1.zip": zipped(
            {
                "user.json": b'{"user_id": 1, "username": "alice"}',
                "listens/2023/11.jsonl": lines,
                "feedback.jsonl": b'{"recording_msid": "x", "score": 1}\n',
                "pinned_recording.jsonl": b"",
            }
        )
    }


def test_a_listen_has_its_start_its_names_and_its_ids() -> None:
    info = {
        "duration_ms": 206_760,
        "ms_played": 200_000,
        "isrc": "gb-aye-81-00053",
        "spotify_id": SPOTIFY,
        "artist_names": ["Harbour Lights", "Bo"],
        "media_player": "mpv",
    }
    outcome = read(months(listen(info=info)))
    (play,) = outcome.plays
    assert (play["started_at"], play["ended_at"]) == (AT * 1000, None)
    assert play["artists"] == ["Harbour Lights", "Bo"]
    assert play["isrc"] == "GBAYE8100053"
    assert play["spotify_id"] == "0aB1cD2eF3gH4iJ5kL6mN7"
    assert (play["length_ms"], play["ms_played"]) == (206_760, 200_000)
    assert (play["mbid"], play["platform"]) == (MBID, "mpv")
    assert "alice" not in repr(outcome.plays)


def test_the_older_export_is_one_list() -> None:
    outcome = read({"alice_lb-2024-01-01.json": as_json([listen(), listen(AT + 300)])})
    assert outcome.column("started_at") == [AT * 1000, (AT + 300) * 1000]


@pytest.mark.parametrize(
    ("info", "ends"),
    [
        ({}, False),
        ({"submission_client": "listenbrainz", "music_service": "spotify.com"}, True),
        (
            {
                "submission_client": "ListenBrainz Archive Importer",
                "music_service": "spotify.com",
            },
            True,
        ),
        ({"listening_from": "spotify"}, True),
        ({"submission_client": "Pano Scrobbler", "music_service": "spotify.com"}, False),
        ({"submission_client": "ListenBrainz Archive Importer"}, False),
    ],
)
def test_what_listenbrainz_read_from_spotify_has_the_time_of_the_end(
    info: dict[str, Any], ends: bool
) -> None:
    (play,) = read(months(listen(info=info))).plays
    assert (play["ended_at"] is not None) is ends
    assert (play["started_at"] is None) is ends


@pytest.mark.parametrize(
    ("info", "length", "played"),
    [
        ({"duration": 200}, 200_000, None),
        ({"duration": "200"}, 200_000, None),
        ({"duration_ms": "200000", "duration_played": 12.5}, 200_000, 12_500),
        ({"duration": 0, "ms_played": -5}, None, None),
        ({"duration": "long", "duration_ms": None}, None, None),
        ({"duration_ms": 10**20}, None, None),
    ],
)
def test_lengths_come_in_two_units_and_as_text(
    info: dict[str, Any], length: int | None, played: int | None
) -> None:
    (play,) = read(months(listen(info=info))).plays
    assert (play["length_ms"], play["ms_played"]) == (length, played)


@pytest.mark.parametrize("at", [float(AT), str(AT), f"{AT}.0", AT * 1000])
def test_the_time_may_be_any_kind_of_number(at: object) -> None:
    assert read(months(listen(at))).column("started_at") == [AT * 1000]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (listen(None), Reason.NO_TIME),
        (listen("x"), Reason.NO_TIME),
        (listen(True), Reason.NO_TIME),
        (listen(86_400), Reason.TIME_OUT_OF_RANGE),
        (listen(7_226_582_400), Reason.TIME_OUT_OF_RANGE),
        (listen(track_name=""), Reason.NO_TITLE),
        (listen(artist_name=None), Reason.NO_ARTIST),
        ({"listened_at": AT, "track_metadata": None}, Reason.NO_TITLE),
        ({"listened_at": AT, "track_metadata": [1]}, Reason.NO_TITLE),
    ],
)
def test_a_listen_that_is_no_play_is_rejected_alone(row: dict[str, Any], reason: Reason) -> None:
    outcome = read(months(listen(), row, listen(AT + 300)))
    assert outcome.reasons == [reason]
    assert outcome.column("row") == [1, 3]


def test_lines_longer_than_64_kilobytes_are_lines_like_others() -> None:
    outcome = read(months(listen(info={"tags": ["x" * 100] * 2_000}), listen(AT + 300)))
    assert outcome.column("row") == [1, 2]


def test_a_line_that_is_no_json_costs_itself() -> None:
    lines = [json.dumps(listen()), "{", "", "not", json.dumps(listen(AT + 300))]
    outcome = read({"1.jsonl": "\r\n".join(lines).encode()})
    assert outcome.column("row") == [1, 5]
    assert outcome.reasons == [Reason.UNREADABLE_ROW] * 2


def test_what_an_id_is_not_is_no_id() -> None:
    info = {"spotify_id": "https://evil.example/track/0aB1cD2eF3gH4iJ5kL6mN7", "isrc": "x"}
    (play,) = read(months(listen(info=info, mbid_mapping=None))).plays
    assert (play["spotify_id"], play["isrc"], play["mbid"]) == (None, None, None)
