"""Servers at home: your_spotify's collections and Navidrome's database."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from audiospective.imports.reasons import Reason
from tests.imports.reading_files import Outcome, as_json, ms, read

TRACK = "0aB1cD2eF3gH4iJ5kL6mN7"
AT = 1_699_136_376
ITEM = {"_id": {"$oid": "x"}, "uri": "x", "href": "x", "name": "Slack Water", "id": TRACK}


def info(at: object = None, **changes: Any) -> str:
    row = {
        "_id": {"$oid": "65"},
        "owner": {"$oid": "66"},
        "id": TRACK,
        "albumId": "album",
        "primaryArtistId": "ann",
        "artistIds": ["ann", "bo"],
        "durationMs": 200_000,
        "played_at": {"$date": "2023-11-04T22:19:36.123Z"} if at is None else at,
    }
    return json.dumps(row | changes)


def lines(*rows: object) -> bytes:
    return "\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows).encode()


COLLECTIONS = {
    "tracks.json": lines(
        {
            **ITEM,
            "album": "album",
            "artists": ["ann"],
            "duration_ms": 200_000,
            "external_ids": {"isrc": "GBAYE8100053"},
        }
    ),
    "albums.json": lines(
        {**ITEM, "id": "album", "name": "Quay", "album_type": "album", "release_date": "2020"}
    ),
    "artists.json": lines(
        {**ITEM, "id": "ann", "name": "Ann", "genres": []},
        {**ITEM, "id": "bo", "name": "Bo", "genres": []},
    ),
}


def test_the_plays_of_your_spotify_have_names_when_those_are_sent_along() -> None:
    outcome = read({"infos.json": lines(info()), **COLLECTIONS})
    assert outcome.sources == ["your_spotify"] * 4
    (play,) = outcome.plays
    assert play["ended_at"] == ms("2023-11-04T22:19:36") + 123
    assert (play["spotify_id"], play["isrc"]) == (TRACK, "GBAYE8100053")
    assert (play["title"], play["album"], play["artists"]) == ("Slack Water", "Quay", ["Ann", "Bo"])
    assert (play["length_ms"], play["ms_played"]) == (200_000, None)


def test_without_names_an_id_is_enough() -> None:
    outcome = read({"infos.json": lines(info())})
    assert outcome.column("spotify_id") == [TRACK]
    assert outcome.notes["nameless"] == 1


@pytest.mark.parametrize(
    "at",
    [
        {"$date": "2023-11-04T22:19:36Z"},
        {"$date": "2023-11-04T22:19:36.000+0000"},
        {"$date": {"$numberLong": f"{AT}000"}},
        {"$date": AT * 1000},
        "2023-11-04T22:19:36.000Z",
    ],
)
def test_a_date_is_written_in_several_ways(at: object) -> None:
    assert read({"infos.json": lines(info(at))}).column("ended_at") == [AT * 1000]


def test_an_array_is_read_like_lines() -> None:
    content = as_json([json.loads(info()), json.loads(info())])
    assert len(read({"infos.json": content}).plays) == 2


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"id": "short"}, Reason.NO_METADATA),
        ({"id": None}, Reason.NO_METADATA),
        ({"id": [TRACK]}, Reason.NO_METADATA),
        ({"played_at": {}}, Reason.NO_TIME),
        ({"played_at": {"$date": []}}, Reason.NO_TIME),
        ({"played_at": {"$date": "1970-01-01T00:00:00Z"}}, Reason.TIME_OUT_OF_RANGE),
    ],
)
def test_a_bad_info_is_rejected_alone(changes: dict[str, Any], reason: Reason) -> None:
    outcome = read({"infos.json": lines(info(), info(**changes), info())})
    assert outcome.reasons == [reason]
    assert outcome.column("row") == [1, 3]


SCHEMA = """
CREATE TABLE user (id TEXT, user_name TEXT, email TEXT);
CREATE TABLE media_file (
    id TEXT PRIMARY KEY, title TEXT, artist TEXT, album TEXT, album_artist TEXT, duration REAL,
    mbz_recording_id TEXT, path TEXT
);
CREATE TABLE scrobbles (media_file_id TEXT, user_id TEXT, submission_time INTEGER);
INSERT INTO user VALUES ('1', 'alice', 'alice@example.org'), ('2', 'bob', 'bob@example.org');
INSERT INTO media_file VALUES ('m', 'Slack Water', 'Ann', 'Quay', 'Various', 200.5, '', '/music/x');
"""


def database(folder: Path, *statements: str) -> bytes:
    path = folder / "made.db"
    path.unlink(missing_ok=True)
    made = sqlite3.connect(path)
    made.executescript(SCHEMA)
    for statement in statements:
        made.executescript(statement)
    made.commit()
    made.close()
    return path.read_bytes()


def scrobbles(*rows: tuple[object, ...]) -> str:
    values = ", ".join(f"({', '.join(map(repr, row))})" for row in rows)
    return f"INSERT INTO scrobbles VALUES {values};"


def navidrome(content: bytes, **answers: Any) -> Outcome:
    return read({"navidrome.db": content}, **answers)


def test_navidrome_knows_title_artist_album_and_length(tmp_path: Path) -> None:
    (play,) = navidrome(database(tmp_path, scrobbles(("m", "1", AT)))).plays
    assert play["started_at"] == AT * 1000
    assert (play["title"], play["artist"], play["album"]) == ("Slack Water", "Ann", "Quay")
    assert (play["album_artist"], play["length_ms"]) == ("Various", 200_500)


def test_of_several_people_one_has_to_be_named(tmp_path: Path) -> None:
    content = database(tmp_path, scrobbles(("m", "1", AT), ("m", "2", AT + 300)))
    outcome = navidrome(content)
    assert [one.choices for one in outcome.files[0].questions] == [("alice", "bob")]
    assert outcome.rows == 0
    assert "several people" in outcome.sentences[0]
    assert navidrome(content, person="bob").column("started_at") == [(AT + 300) * 1000]
    assert navidrome(content, person="mallory").rows == 0


def test_plays_whose_file_is_gone_are_rejected_and_counted(tmp_path: Path) -> None:
    outcome = navidrome(database(tmp_path, scrobbles(("m", "1", AT), ("gone", "1", AT))))
    assert outcome.reasons == [Reason.NO_TITLE]


@pytest.mark.parametrize("at", ["x", -5, 0, None, 1e300, 86_400])
def test_a_time_that_cannot_be_is_rejected(tmp_path: Path, at: object) -> None:
    content = database(tmp_path, "INSERT INTO scrobbles VALUES ('m', '1', NULL);")
    if at is not None:
        content = database(tmp_path, scrobbles(("m", "1", at)))
    assert len(navidrome(content).rejected) == 1


def test_older_columns_are_found(tmp_path: Path) -> None:
    rename = "ALTER TABLE media_file RENAME COLUMN mbz_recording_id TO mbz_track_id;"
    fill = "UPDATE media_file SET mbz_track_id = 'c7d0bf6e-b2aa-4ffa-bded-2448415b39b0';"
    outcome = navidrome(database(tmp_path, rename, fill, scrobbles(("m", "1", AT))))
    assert outcome.column("mbid") == ["c7d0bf6e-b2aa-4ffa-bded-2448415b39b0"]


def test_another_database_is_refused(tmp_path: Path) -> None:
    outcome = navidrome(database(tmp_path, "DROP TABLE scrobbles;"))
    assert (outcome.sources, len(outcome.sentences)) == ([None], 1)


@pytest.mark.parametrize(
    "hostile",
    [
        (
            "DROP TABLE scrobbles; CREATE VIEW scrobbles AS SELECT 'm' AS media_file_id,"
            " '1' AS user_id, 1699136376 AS submission_time;"
        ),
        "DROP TABLE media_file; CREATE VIEW media_file AS SELECT 'm' AS id, 'x' AS title;",
    ],
)
def test_views_of_a_strangers_database_never_run(tmp_path: Path, hostile: str) -> None:
    outcome = navidrome(database(tmp_path, scrobbles(("m", "1", AT)), hostile))
    assert outcome.rows == 0
    assert len(outcome.sentences) == 1


def test_a_query_that_never_ends_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from audiospective.imports.sources import navidrome as source

    monkeypatch.setattr(source, "_STEPS", 20_000)
    content = database(tmp_path, scrobbles(*(("m", "1", AT + n) for n in range(20_000))))
    outcome = navidrome(content)
    assert "damaged" in outcome.sentences[0]


def test_a_database_with_a_garbled_table_is_refused(tmp_path: Path) -> None:
    garbled = database(tmp_path).replace(b"TABLE scrobbles", b"T\xe8BLE scr\xff\xfebles")
    assert navidrome(garbled).sentences


@pytest.mark.parametrize("keep", [100, 4_096, 6_000])
def test_a_database_that_was_cut_off_is_refused(tmp_path: Path, keep: int) -> None:
    content = database(tmp_path, scrobbles(*(("m", "1", AT + n) for n in range(5_000))))
    outcome = navidrome(content[:keep])
    assert outcome.sentences


JELLYFIN = (
    "DateCreated,UserId,ItemId,ItemType,ItemName,PlaybackMethod,ClientName,DeviceName,PlayDuration"
)


def test_jellyfin_names_the_item_and_asks_for_the_servers_zone() -> None:
    lines = [
        JELLYFIN,
        "2023-11-04 22:00:00.1234567,u1,i1,Audio,Ann - Slack Water,Direct,Web,Al's phone,200",
        "2023-11-04 23:00:00,u1,i1,Movie,Some film,DirectPlay,Web,x,5000",
        "2023-11-04 23:30:00,u1,i1,Audio,Nobody's song,DirectPlay,Web,x,20",
    ]
    outcome = read({"playback_report.csv": "\n".join(lines).encode()}, zone="Europe/Paris")
    assert outcome.sources == ["jellyfin"]
    (play,) = outcome.plays
    assert play["started_at"] == ms("2023-11-04T21:00:00") + 123
    assert (play["artist"], play["title"], play["ms_played"]) == ("Ann", "Slack Water", 200_000)
    assert outcome.reasons == [Reason.NOT_AUDIO, Reason.NO_ARTIST]
    assert [question.kind for question in outcome.files[0].questions] == ["zone"]
    assert "phone" not in repr(outcome)
