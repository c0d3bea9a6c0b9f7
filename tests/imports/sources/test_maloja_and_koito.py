"""Maloja and Koito: one JSON object with everything in it."""

from __future__ import annotations

from typing import Any

import pytest

from audiospective.imports.reasons import Reason
from tests.imports.reading_files import as_json, ms, read

AT = 1_699_136_376
MBID = "c7d0bf6e-b2aa-4ffa-bded-2448415b39b0"


def scrobble(track: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    return {
        "time": AT,
        "track": {
            "artists": ["Harbour Lights"],
            "title": "Slack Water",
            "album": {"artists": ["Various"], "albumtitle": "Northern Quay"},
            "length": 206,
            **(track or {}),
        },
        "duration": 200,
        "origin": "client:web",
        **changes,
    }


def maloja(*scrobbles: object) -> dict[str, bytes]:
    whole = {"maloja": {"export_time": AT}, "scrobbles": list(scrobbles)}
    return {"maloja_export_2023.json": as_json(whole)}


def test_a_scrobble_of_maloja_says_what_was_heard_and_how_long_the_track_is() -> None:
    (play,) = read(maloja(scrobble())).plays
    assert play["started_at"] == AT * 1000
    assert (play["ms_played"], play["length_ms"]) == (200_000, 206_000)
    assert (play["album"], play["album_artist"]) == ("Northern Quay", "Various")


@pytest.mark.parametrize("album", [None, {}, {"artists": None, "albumtitle": None}, "x", []])
def test_the_album_may_be_missing(album: object) -> None:
    (play,) = read(maloja(scrobble({"album": album}))).plays
    assert play["album"] is None


@pytest.mark.parametrize(
    ("written", "artists"),
    [
        (["Bo", "Ann • Bo"], ["Ann", "Bo"]),
        (["Ann", "Bo"], ["Ann", "Bo"]),
        ("Ann", ["Ann"]),
        (["Ann", None, 5, ""], ["Ann"]),
    ],
)
def test_the_main_artist_comes_first(written: object, artists: list[str]) -> None:
    (play,) = read(maloja(scrobble({"artists": written}))).plays
    assert play["artists"] == artists
    assert play["artist"] == ", ".join(artists)


def test_what_maloja_took_from_spotify_has_the_time_of_the_end() -> None:
    (play,) = read(maloja(scrobble(origin="import:spotify"))).plays
    assert (play["started_at"], play["ended_at"]) == (None, AT * 1000)


def test_bad_scrobbles_are_rejected_alone() -> None:
    rows = [
        scrobble(),
        5,
        scrobble(time=None),
        scrobble({"title": None}),
        scrobble({"artists": [], "album": None}),
    ]
    outcome = read(maloja(*rows, scrobble()))
    assert outcome.column("row") == [1, 6]
    assert outcome.reasons == [
        *(Reason.UNREADABLE_ROW, Reason.NO_TIME, Reason.NO_TITLE, Reason.NO_ARTIST)
    ]


def test_an_export_without_scrobbles_has_no_rows() -> None:
    content = b'{"maloja":{"export_time":1},"scrobbles":[]}'
    outcome = read({"maloja_export.json": content})
    assert (outcome.sources, outcome.rows, outcome.sentences) == (["maloja"], 0, [])


def alias(name: object, primary: bool = True) -> dict[str, Any]:
    return {"alias": name, "source": "Canonical", "is_primary": primary}


def koito(**changes: Any) -> dict[str, bytes]:
    listen = {
        "listened_at": "2023-11-04T22:19:36Z",
        "client": "web",
        "track": {"mbid": MBID, "duration": 206, "aliases": [alias("SW", False), alias("Slack")]},
        "album": {
            "image_url": "",
            "mbid": None,
            "aliases": [alias("Quay")],
            "various_artists": False,
        },
        "artists": [
            {"is_primary": False, "aliases": [alias("Bo")]},
            {"is_primary": True, "aliases": [alias("Ann")]},
        ],
        **changes,
    }
    return {"koito_export.json": as_json({"version": "1", "user": "alice", "listens": [listen]})}


def test_a_listen_of_koito_has_the_primary_names() -> None:
    outcome = read(koito())
    (play,) = outcome.plays
    assert play["started_at"] == ms("2023-11-04T22:19:36")
    assert (play["title"], play["album"], play["mbid"]) == ("Slack", "Quay", MBID)
    assert play["artists"] == ["Ann", "Bo"]
    assert play["length_ms"] == 206_000
    assert "alice" not in repr(outcome.plays)


def test_koito_without_a_primary_name_takes_the_first_and_nothing_is_no_length() -> None:
    track = {
        "mbid": None,
        "duration": 0,
        "aliases": [alias("First", False), alias("Second", False)],
    }
    (play,) = read(koito(track=track)).plays
    assert (play["title"], play["length_ms"], play["mbid"]) == ("First", None, None)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"listened_at": None}, Reason.NO_TIME),
        ({"track": None}, Reason.NO_TITLE),
        ({"track": {"aliases": "x"}}, Reason.NO_TITLE),
        ({"artists": None}, Reason.NO_ARTIST),
        ({"artists": [None, 5, {}]}, Reason.NO_ARTIST),
    ],
)
def test_a_bad_listen_is_rejected(changes: dict[str, Any], reason: Reason) -> None:
    assert read(koito(**changes)).reasons == [reason]


def test_what_koito_took_from_spotify_has_the_time_of_the_end() -> None:
    (play,) = read(koito(client="spotify")).plays
    assert play["ended_at"] == ms("2023-11-04T22:19:36")
