"""Last.fm by way of the tools that fetch it, each with a shape of its own."""

from __future__ import annotations

import json
from typing import Any

import pytest

from audiospective.imports.reasons import Reason
from tests.imports.reading_files import as_json, ms, read

HEADER = "uts,utc_time,artist,artist_mbid,album,album_mbid,track,track_mbid"
MBID = "c7d0bf6e-b2aa-4ffa-bded-2448415b39b0"
UTS = 1_699_136_376


def line(uts: object = UTS, track: str = "Slack Water", mbid: str = MBID) -> str:
    fields = (uts, "4 Nov 2023, 22:19", "Harbour Lights", "", "Northern Quay", "", track, mbid)
    return ",".join(f'"{field}"' for field in fields)


def item(uts: int | None = UTS, name: str = "Slack Water", **changes: Any) -> dict[str, Any]:
    return {
        "artist": {"mbid": "", "#text": "Harbour Lights"},
        "streamable": "0",
        "image": [{"size": "small", "#text": "https://x"}],
        "mbid": MBID,
        "album": {"mbid": "", "#text": "Northern Quay"},
        "name": name,
        "url": "https://www.last.fm/music/x",
        **({} if uts is None else {"date": {"uts": str(uts), "#text": "04 Nov 2023, 22:19"}}),
        **changes,
    }


SHAPES = {
    "ghan table": ("recenttracks-alice-1699999999.csv", f"{HEADER}\n{line()}\n"),
    "ghan table, CRLF and mark": ("x.csv", f"\ufeff{HEADER}\r\n{line()}\r\n"),
    "ghan pages": ("recenttracks-alice-1.json", json.dumps([{"track": [item()]}])),
    "a page with one track": ("x.json", json.dumps([{"track": item()}])),
    "one page": ("x.json", json.dumps({"track": [item()]})),
    "an answer of the API": ("x.json", json.dumps({"recenttracks": {"track": [item()]}})),
    "a list of items": ("x.json", json.dumps([item()])),
    "pages within pages": ("x.json", json.dumps([[item()]])),
    "extended items": ("x.json", json.dumps([item(artist={"name": "Harbour Lights"})])),
    "lastfm-to-csv": ("alice.csv", "Harbour Lights,Northern Quay,Slack Water,4 Nov 2023 22:19\n"),
    "lastfm-to-csv, newer": (
        "alice.csv",
        '"Harbour Lights","Northern Quay","Slack Water","04 Nov 2023, 22:19"\n',
    ),
    "lastfmstats table": (
        "lastfmstats-alice.csv",
        (
            "\ufeffArtist;Album;AlbumId;Track;Date#alice\n"
            f'"Harbour Lights";"Northern Quay";"";"Slack Water";"{UTS}000"\n'
        ),
    ),
    "lastfmstats table, older": (
        "x.csv",
        f"Artist;Album;Track;Date#alice\nHarbour Lights;Northern Quay;Slack Water;{UTS}000\n",
    ),
    "lastfmstats list": (
        "lastfmstats-alice.json",
        json.dumps(
            {
                "username": "alice",
                "scrobbles": [
                    {
                        "track": "Slack Water",
                        "artist": "Harbour Lights",
                        "album": "Northern Quay",
                        "albumId": "",
                        "date": UTS * 1000,
                    }
                ],
            }
        ),
    ),
    "lastfm-backup-cli": ("b.csv", "2023-11-04,22:19:36,Harbour Lights,Slack Water\n"),
}


@pytest.mark.parametrize(("name", "content"), SHAPES.values(), ids=SHAPES)
def test_every_shape_gives_the_same_play(name: str, content: str) -> None:
    outcome = read({name: content.encode()})
    assert outcome.sources == ["lastfm"]
    assert not outcome.reasons
    (play,) = outcome.plays
    minute = ms("2023-11-04T22:19:00")
    exact = play["precision"] == 1_000
    assert play["started_at"] == (UTS * 1000 if exact else minute)
    assert play["precision"] in (1_000, 60_000)
    assert play["ended_at"] is None
    assert (play["title"], play["artist"]) == ("Slack Water", "Harbour Lights")
    assert play["album"] == (None if name == "b.csv" else "Northern Quay")
    assert "alice" not in repr(outcome.plays)


def test_what_is_still_playing_has_no_time_and_is_skipped() -> None:
    playing = item(uts=None, **{"@attr": {"nowplaying": "true"}})
    outcome = read({"x.json": as_json([{"track": [playing, item()]}])})
    assert outcome.reasons == [Reason.NOW_PLAYING]
    assert outcome.column("row") == [2]


def test_rows_of_all_pages_are_counted_through() -> None:
    pages = [
        {"track": [item(UTS - page * 10_000 - n * 300) for n in range(3)]} for page in range(3)
    ]
    assert read({"x.json": as_json(pages)}).column("row") == list(range(1, 10))


def test_an_album_that_is_empty_is_unknown_and_an_id_that_is_none_too() -> None:
    outcome = read({"x.json": as_json([item(album={"mbid": "", "#text": ""}, mbid="")])})
    assert outcome.column("album") == [None]
    assert outcome.column("mbid") == [None]


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (line(uts=0), Reason.NO_TIME),
        (line(uts=""), Reason.NO_TIME),
        (line(uts="soon"), Reason.NO_TIME),
        (line(uts=1), Reason.TIME_OUT_OF_RANGE),
        (line(uts=10**11), Reason.TIME_OUT_OF_RANGE),
        (line(track=""), Reason.NO_TITLE),
        ("x", Reason.NO_TIME),
        (line() + ',"more"', Reason.UNREADABLE_ROW),
        ('"never closed,x,x', Reason.UNREADABLE_ROW),
    ],
)
def test_one_bad_line_in_a_thousand_costs_one_play(bad: str, reason: Reason) -> None:
    lines = [line(UTS + 200 * number) for number in range(1_000)]
    lines[500] = bad
    outcome = read({"recenttracks.csv": "\n".join([HEADER, *lines]).encode()})
    assert outcome.reasons == [reason]
    assert outcome.rejected[0].row == 502
    assert len(outcome.plays) == 999


def test_hundreds_of_titles_at_one_second_were_carried_over_and_are_imprecise() -> None:
    lines = [line(UTS, f"Song {number}") for number in range(300)]
    lines += [line(UTS + 200, "One"), line(UTS + 200, "Two")]
    outcome = read({"x.csv": "\n".join([HEADER, *lines]).encode()})
    assert outcome.column("precision") == [86_400_000] * 300 + [1_000] * 2
    assert outcome.notes["shared_time"] == 300


def test_bytes_of_another_encoding_are_read_as_windows_writes_them() -> None:
    content = "\n".join([HEADER, line(track="Café"), line(track="日本")])
    broken = content.encode().replace("Café".encode(), b"Caf\xe9")
    assert read({"x.csv": broken}).column("title") == ["Café", "日本"]


def test_a_header_alone_is_no_fault() -> None:
    outcome = read({"x.csv": f"{HEADER}\n".encode()})
    assert (outcome.sources, outcome.rows, outcome.sentences) == (["lastfm"], 0, [])


def test_commas_quotes_and_line_ends_within_fields_belong_to_them() -> None:
    title = 'A, "B"\nand C'
    quoted = title.replace('"', '""')
    outcome = read({"x.csv": "\n".join([HEADER, line(track=quoted), line()]).encode()})
    assert outcome.column("title") == [title, "Slack Water"]
