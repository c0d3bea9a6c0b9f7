"""Files that scrobblers write on phones and players: Pano, .scrobbler.log, Libre.fm."""

from __future__ import annotations

import json
from typing import Any

import pytest

from audiospective.imports.reasons import Reason
from tests.imports.reading_files import ms, read

AT = 1_699_136_376
PANO = (
    "timeHuman,timeMs,artist,track,album,albumArtist,durationMs,"
    "mediaPlayerPackage,mediaPlayerName,mediaPlayerVersion,event"
)


def pano_line(**changes: Any) -> str:
    row = {
        "timeHuman": "November 4, 2023, 22:19 CST",
        "timeMs": AT * 1000 + 7,
        "artist": "Ann",
        "track": "Slack Water",
        "album": "Quay",
        "albumArtist": "Various",
        "durationMs": 346_958,
        "mediaPlayerPackage": "com.x",
        "mediaPlayerName": "Player",
        "mediaPlayerVersion": "2",
        "event": "scrobble",
    }
    return json.dumps(row | changes)


def test_pano_writes_json_lines() -> None:
    (play,) = read({"pano.jsonl": pano_line().encode()}).plays
    assert (play["started_at"], play["precision"]) == (AT * 1000 + 7, 1)
    assert (play["artist"], play["album_artist"], play["album"]) == ("Ann", "Various", "Quay")
    assert (play["length_ms"], play["platform"]) == (346_958, "Player")


def test_pano_writes_a_table_that_grew_over_the_years() -> None:
    lines = [
        ",".join(PANO.split(",")[:8]),
        f"x,{AT}000,Ann,One,Quay,,null,com.x",
        f"x,{AT + 300}000,Ann,Two,Quay,,1000,com.x,Player,2",
        f"x,{AT + 600}000,Ann,Three,Quay,,1000,com.x,Player,2,scrobble",
        f"x,{AT + 900}000,Ann,Four,Quay,,1000,com.x,Player,2,love",
    ]
    outcome = read({"pano.csv": "\n".join(lines).encode()})
    assert outcome.column("title") == ["One", "Two", "Three"]
    assert outcome.column("length_ms") == [None, 1_000, 1_000]
    assert outcome.reasons == [Reason.LOVE_EVENT]


@pytest.mark.parametrize("event", ["love", "unlove"])
def test_loves_are_no_plays(event: str) -> None:
    lines = "\n".join([pano_line(event=event), pano_line(event=None), pano_line(event="")])
    outcome = read({"pano.jsonl": lines.encode()})
    assert outcome.reasons == [Reason.LOVE_EVENT]
    assert outcome.column("row") == [2, 3]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"timeMs": None}, Reason.NO_TIME),
        ({"timeMs": -1}, Reason.NO_TIME),
        ({"timeMs": 10**14}, Reason.TIME_OUT_OF_RANGE),
        ({"track": None}, Reason.NO_TITLE),
        ({"artist": [], "albumArtist": None}, Reason.NO_ARTIST),
    ],
)
def test_a_bad_line_of_pano_is_rejected_alone(changes: dict[str, Any], reason: Reason) -> None:
    lines = "\n".join([pano_line(), pano_line(**changes), pano_line()])
    outcome = read({"pano.jsonl": lines.encode()})
    assert outcome.reasons == [reason]
    assert outcome.column("row") == [1, 3]


def log(*rows: str, zone: str = "UNKNOWN") -> dict[str, bytes]:
    head = ["#AUDIOSCROBBLER/1.1", f"#TZ/{zone}", "#CLIENT/Rockbox sansae200 $Revision$"]
    return {".scrobbler.log": "\n".join([*head, *rows]).encode()}


def played(at: object = AT, artist: str = "Ann", rating: str = "L", mbid: str = "5") -> str:
    return f'{artist}\tQuay\t"Heroes" live\t1\t259\t{rating}\t{at}\t{mbid}'


def test_a_log_of_an_unknown_zone_is_read_as_utc_and_asks() -> None:
    outcome = read(log(played()))
    (play,) = outcome.plays
    assert (play["started_at"], play["zone_known"]) == (AT * 1000, False)
    assert (play["title"], play["length_ms"]) == ('"Heroes" live', 259_000)
    assert play["mbid"] is None
    assert [question.kind for question in outcome.files[0].questions] == ["zone"]


def test_a_log_in_utc_asks_nothing() -> None:
    outcome = read(log(played(), zone="UTC"), zone="Asia/Tokyo")
    assert outcome.column("started_at") == [AT * 1000]
    assert outcome.column("zone_known") == [True]
    assert outcome.files[0].questions == ()


def test_the_answer_is_used_with_its_summer_time() -> None:
    walls = ["2023-10-28T12:00:00", "2023-10-30T12:00:00"]
    outcome = read(log(*(played(ms(wall) // 1000) for wall in walls)), zone="Europe/Berlin")
    assert outcome.column("started_at") == [ms("2023-10-28T10:00:00"), ms("2023-10-30T11:00:00")]
    assert outcome.column("zone_known") == [True, True]


def test_an_artist_may_begin_like_a_comment() -> None:
    content = f"# made by x\nArtist,Track,Time\n#1 Dads,Slack Water,{AT}\n".encode()
    assert read({"librefm.csv": content}).column("artist") == ["#1 Dads"]
    columns = "#ARTIST\t#ALBUM\t#TITLE\t#TRACKNUM\t#LENGTH\t#RATING\t#TIMESTAMP\t#MUSICBRAINZ"
    outcome = read(log(columns, played(artist="#1 Dads"), "#a comment", zone="UTC"))
    assert outcome.column("artist") == ["#1 Dads"]
    assert outcome.rows == 1


def test_skipped_plays_are_plays_that_were_skipped() -> None:
    outcome = read(log(played(), played(rating="S"), played(rating="")))
    assert outcome.column("skipped") == [False, True, None]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (played(artist="<Untagged>"), Reason.NO_ARTIST),
        (played(at=0), Reason.NO_TIME),
        (played(at="x"), Reason.NO_TIME),
        (played(at=86_400), Reason.TIME_OUT_OF_RANGE),
        (f"{played()}\tmore", Reason.UNREADABLE_ROW),
        ("Ann\tQuay", Reason.NO_TIME),
    ],
)
def test_a_bad_line_of_a_log_is_rejected_alone(row: str, reason: Reason) -> None:
    outcome = read(log(played(), row, played()))
    assert outcome.reasons == [reason]
    assert outcome.column("row") == [4, 6]


@pytest.mark.parametrize(
    "content",
    [
        f"# a comment\n# another\nuserid,Artist,track,Album,time\n1,Ann,Slack Water,Quay,{AT}\n",
        f"+ACM- a comment\nArtist,Track,Time\nAnn,Slack Water,{AT}\n",
        f'"Artist","Track","Album","Time"\r\n"Ann","Slack Water","","{AT}"\r\n',
    ],
)
def test_libre_fm_may_begin_with_comments(content: str) -> None:
    outcome = read({"librefm.csv": content.encode()})
    assert outcome.sources == ["librefm"]
    (play,) = outcome.plays
    assert (play["started_at"], play["title"], play["artist"]) == (AT * 1000, "Slack Water", "Ann")
