"""Spotify's extended history: all generations, videos, audiobooks, missing fields, odd rows."""

from __future__ import annotations

import json
from typing import Any

import pytest

from audiospective.imports.reasons import Reason
from audiospective.imports.sources import spotify_extended
from audiospective.imports.staging import Staging
from tests.imports.reading_files import as_json, ms, read, zipped

NAME = "Streaming_History_Audio_2023_1.json"


def row(**changes: Any) -> dict[str, Any]:
    """A row of late 2024 with all 23 keys."""
    return {
        "ts": "2023-11-04T22:19:36Z",
        "platform": "ios",
        "ms_played": 140_956,
        "conn_country": "SE",
        "ip_addr": "203.0.113.7",
        "master_metadata_track_name": "Slack Water",
        "master_metadata_album_artist_name": "Harbour Lights",
        "master_metadata_album_album_name": "Northern Quay",
        "spotify_track_uri": "spotify:track:0aB1cD2eF3gH4iJ5kL6mN7",
        "episode_name": None,
        "episode_show_name": None,
        "spotify_episode_uri": None,
        "audiobook_title": None,
        "audiobook_uri": None,
        "audiobook_chapter_uri": None,
        "audiobook_chapter_title": None,
        "reason_start": "trackdone",
        "reason_end": "fwdbtn",
        "shuffle": True,
        "skipped": True,
        "offline": False,
        "offline_timestamp": 1_699_136_230,
        "incognito_mode": False,
        **changes,
    }


def nameless(**changes: Any) -> dict[str, Any]:
    names = [key for key in row() if key.startswith("master_")]
    return row(**dict.fromkeys(names), spotify_track_uri=None, **changes)


def test_a_row_of_today_says_everything_that_is_kept_and_nothing_personal() -> None:
    outcome = read({NAME: as_json([row(username="alice")])})
    assert outcome.plays == [
        {
            "file": 0,
            "row": 1,
            "started_at": None,
            "ended_at": ms("2023-11-04T22:19:36"),
            "precision": 1_000,
            "zone_known": True,
            "ms_played": 140_956,
            "kind": "track",
            "title": "Slack Water",
            "artist": None,
            "artists": None,
            "album": "Northern Quay",
            "album_artist": "Harbour Lights",
            "show": None,
            "spotify_id": "0aB1cD2eF3gH4iJ5kL6mN7",
            "isrc": None,
            "mbid": None,
            "length_ms": None,
            "reason_start": "trackdone",
            "reason_end": "fwdbtn",
            "shuffle": True,
            "skipped": True,
            "offline": False,
            "incognito": False,
            "platform": "ios",
            "country": "SE",
            "context": None,
        }
    ]


def test_every_generation_is_read_alike() -> None:
    old = {key: value for key, value in row().items() if not key.startswith("audiobook")}
    old |= {"username": "alice", "user_agent_decrypted": "x", "ip_addr_decrypted": "203.0.113.7"}
    old |= {"skipped": None, "incognito_mode": None}
    del old["ip_addr"]
    outcome = read(
        {
            "my_spotify_data.zip": zipped(
                {
                    "MyData/endsong_0.json": as_json([old]),
                    "MyData/endvideo.json": as_json([old]),
                    f"Spotify Extended Streaming History/{NAME}": as_json([row()]),
                    "Spotify Extended Streaming History/ReadMeFirst.pdf": b"%PDF-1.7",
                    "__MACOSX/MyData/._endsong_0.json": b"\0\5\x16\7",
                    "MyData/.DS_Store": b"\0\0\0\1Bud1",
                }
            )
        }
    )
    assert len(outcome.plays) == 3
    assert outcome.sources == ["spotify_extended"] * 3 + [None]
    assert "description" in outcome.sentences[0]


@pytest.mark.parametrize(
    "name", ["x.json", f"{NAME}.json", "Streaming_History_Audio_2023_1 (1).json", "endsong_0 copy"]
)
def test_the_name_of_the_file_does_not_matter(name: str) -> None:
    assert len(read({name: as_json([row()])}).plays) == 1


@pytest.mark.parametrize(
    "text",
    [
        json.dumps([row(), row()]),
        json.dumps([row(), row()], indent=2).replace("\n", "\r\n"),
        "\ufeff" + json.dumps([row(), row()]),
    ],
    ids=["one line", "CRLF", "byte order mark"],
)
def test_the_way_it_is_written_does_not_matter(text: str) -> None:
    assert len(read({NAME: text.encode()}).plays) == 2


def test_utf_16_is_read_too() -> None:
    assert len(read({NAME: json.dumps([row(), row()]).encode("utf-16")}).plays) == 2


@pytest.mark.parametrize("content", [b"[]", b" [\n]\n"])
def test_an_empty_export_has_no_rows_and_is_no_fault(content: bytes) -> None:
    outcome = read({NAME: content})
    assert (outcome.sources, outcome.rows, outcome.sentences) == (["spotify_extended"], 0, [])


def test_music_videos_are_tracks_and_keep_their_id() -> None:
    outcome = read({"Streaming_History_Video_2016-2025.json": as_json([row()])})
    assert outcome.column("kind") == ["track"]
    assert outcome.column("spotify_id") == ["0aB1cD2eF3gH4iJ5kL6mN7"]


def test_podcasts_and_audiobooks_are_told_apart_by_their_keys_not_by_their_uris() -> None:
    episode = nameless(
        episode_name="Tides",
        episode_show_name="Sea Talk",
        spotify_episode_uri="spotify:episode:1aB1cD2eF3gH4iJ5kL6mN7",
    )
    chapter = nameless(
        audiobook_title="The Long Shore",
        audiobook_uri="spotify:show:2aB1cD2eF3gH4iJ5kL6mN7",
        audiobook_chapter_uri="spotify:episode:3aB1cD2eF3gH4iJ5kL6mN7",
        audiobook_chapter_title="Ebb",
    )
    untitled = {**chapter, "audiobook_chapter_title": None}
    outcome = read({NAME: as_json([episode, chapter, untitled, row()])})
    assert outcome.column("kind") == ["episode", "chapter", "chapter", "track"]
    assert outcome.column("title") == ["Tides", "Ebb", "The Long Shore", "Slack Water"]
    assert outcome.column("show") == ["Sea Talk", "The Long Shore", "The Long Shore", None]
    assert [found[:1] for found in outcome.column("spotify_id")] == ["1", "3", "3", "0"]


def test_rows_without_any_name_are_kept_as_plays_of_an_unknown_item() -> None:
    outcome = read({NAME: as_json([nameless(), nameless(), row()])})
    assert outcome.column("kind") == ["unknown", "unknown", "track"]
    assert outcome.column("ms_played") == [140_956] * 3
    assert outcome.notes["unknown_item"] == 2


def test_a_local_file_has_names_and_no_id() -> None:
    local = row(spotify_track_uri="spotify:local:Harbour+Lights:Northern+Quay:Slack+Water:140")
    outcome = read({NAME: as_json([local])})
    assert outcome.column("spotify_id") == [None]
    assert outcome.column("title") == ["Slack Water"]


@pytest.mark.parametrize("unit", [1, 1_000], ids=["seconds", "milliseconds"])
def test_tracks_that_share_the_time_of_a_sync_get_their_own_times(unit: int) -> None:
    start = ms("2023-11-04T12:00:00") // 1000
    flight = [
        row(
            offline=True,
            offline_timestamp=(start + 300 * number) * unit,
            ms_played=180_000,
            spotify_track_uri=f"spotify:track:{number:022d}",
        )
        for number in range(3)
    ]
    outcome = read({NAME: as_json(flight)})
    assert outcome.column("ended_at") == [(start + 300 * n + 180) * 1000 for n in range(3)]


@pytest.mark.parametrize(
    ("starts", "ends"),
    [
        ([0, 200, 400], [180, 380, 580]),
        ([400, 0, 200, 200], [580, 180, 380, 380]),  # one of them is told twice
        ([0, 180], [180, 360]),
        ([0, 60], [None, None]),  # the second would have begun before the first had ended
        ([0, 0], [None, None]),
    ],
)
def test_one_song_on_repeat_is_as_many_plays_where_all_share_the_time_of_a_sync(
    starts: list[int], ends: list[int | None]
) -> None:
    first = ms("2023-11-04T12:00:00") // 1000
    flight = [row(offline=True, offline_timestamp=first + start, ms_played=180_000)
              for start in starts]  # fmt: skip
    outcome = read({NAME: as_json(flight)})
    sync = ms("2023-11-04T22:19:36")
    told = [sync if end is None else (first + end) * 1000 for end in ends]
    assert sorted(outcome.column("ended_at")) == sorted(told)


@pytest.mark.parametrize(
    "changes",
    [
        {"offline": True, "offline_timestamp": 1_699_000_000},  # alone at its time
        {"offline": False, "offline_timestamp": 1_699_000_000},
        {"offline": True, "offline_timestamp": 0},
        {"offline": True, "offline_timestamp": None},
        {"offline": True, "offline_timestamp": 1_699_999_999},  # after the sync
    ],
)
def test_otherwise_the_offline_time_is_not_believed(changes: dict[str, Any]) -> None:
    other = row(spotify_track_uri="spotify:track:" + "1" * 22, offline=False)
    outcome = read({NAME: as_json([row(**changes), other])})
    assert outcome.column("ended_at") == [ms("2023-11-04T22:19:36")] * 2


def test_fractions_of_a_second_are_kept_and_make_the_time_precise() -> None:
    rows = [row(ts="2023-11-04T22:19:36.123456Z"), row(ts="2023-11-04T22:19:36.000Z")]
    outcome = read({NAME: as_json(rows)})
    start = ms("2023-11-04T22:19:36")
    assert outcome.column("ended_at") == [start + 123, start]
    assert outcome.column("precision") == [1, 1_000]


def test_private_sessions_are_flagged_and_counted() -> None:
    outcome = read({NAME: as_json([row(incognito_mode=True), row(), row(incognito_mode=None)])})
    assert outcome.column("incognito") == [True, False, None]
    assert outcome.notes["private_session"] == 1


def test_a_file_of_somebody_else_is_noticed_without_saying_whose() -> None:
    rows = [row(username="bob"), row(username="Alice"), row()]
    outcome = read({NAME: as_json(rows)}, names=frozenset({"alice"}))
    assert outcome.notes["foreign_user_name"] == 1
    assert "bob" not in repr(outcome)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"ts": None}, Reason.NO_TIME),
        ({"ts": ""}, Reason.NO_TIME),
        ({"ts": "yesterday"}, Reason.NO_TIME),
        ({"ts": 1_699_136_376}, Reason.NO_TIME),
        ({"ts": ["2023-11-04T22:19:36Z"]}, Reason.NO_TIME),
        ({"ts": "1970-01-01T00:00:00Z"}, Reason.TIME_OUT_OF_RANGE),
        ({"ts": "1998-12-31T23:59:59Z"}, Reason.TIME_OUT_OF_RANGE),
        ({"ts": "2199-01-01T00:00:00Z"}, Reason.TIME_OUT_OF_RANGE),
        ({"ts": "2026-01-02T00:00:01Z"}, Reason.TIME_OUT_OF_RANGE),
    ],
)
def test_a_row_without_a_usable_time_is_rejected_and_shown(
    changes: dict[str, Any], reason: Reason
) -> None:
    outcome = read({NAME: as_json([row(), row(**changes, username="alice"), row()])})
    assert outcome.column("row") == [1, 3]
    assert [(one.row, one.reason) for one in outcome.rejected] == [(2, reason)]
    raw = outcome.rejected[0].raw
    assert "Slack Water" in raw
    assert "203.0.113.7" not in raw
    assert "alice" not in raw


@pytest.mark.parametrize("value", [-1, 2**31, 1e300, "long", True, [], {}])
def test_a_length_that_cannot_be_is_unknown(value: object) -> None:
    outcome = read({NAME: as_json([row(ms_played=value), row(ms_played=0)])})
    assert outcome.column("row") == [1, 2]
    if value is not True:  # which JSON readers take for 1
        assert outcome.column("ms_played") == [None, 0]


@pytest.mark.parametrize("key", sorted(set(row()) - {"ts"}))
@pytest.mark.parametrize("value", [5, 1.5, True, "x", [], {"a": [1]}, "", None])
def test_a_value_of_a_wrong_type_never_costs_the_row(key: str, value: object) -> None:
    outcome = read({NAME: as_json([row(), row(**{key: value}), row()])})
    assert outcome.column("row") == [1, 2, 3]


@pytest.mark.parametrize("broken", ['{"ts": NaN}', '{"ts": }', "5", "null", '"x"', "[1]", "{}"])
def test_one_broken_row_in_a_thousand_costs_one_row(broken: str) -> None:
    rows = [json.dumps(row())] * 1_000
    rows[500] = broken
    outcome = read({NAME: f"[{','.join(rows)}]".encode()})
    assert len(outcome.plays) == 999
    assert [one.row for one in outcome.rejected] == [501]
    assert outcome.column("row") == [number for number in range(1, 1_001) if number != 501]


def test_signs_that_cannot_be_stored_are_taken_out_of_names() -> None:
    names = [
        "a\0b\x1fc",
        "\ufeffx",
        "t\ud83d\ude00",
        "half\ud83dhalf",
        "\u200fשלום",
        "x" * 300,
        "y" * 5000,
    ]
    rows = ",".join(json.dumps(row(master_metadata_track_name=name)) for name in names)
    outcome = read({NAME: f"[{rows}]".encode()})
    assert outcome.column("title") == [
        *("abc", "x", "t😀", "halfhalf", "\u200fשלום", "x" * 300, "y" * 1_000)
    ]


@pytest.mark.parametrize("ts", ["2023-11-04T22:19:36Z", "never"])
def test_bytes_that_are_no_text_in_a_field_that_nobody_keeps_cost_nothing(ts: str) -> None:
    odd = json.dumps(row(ip_addr="@", ts=ts)).encode().replace(b"@", b"\xff")
    outcome = read({NAME: b"[" + b",".join([as_json(row()), odd, as_json(row())]) + b"]"})
    assert outcome.rows == 3
    assert [one.reason for one in outcome.rejected] == ([Reason.NO_TIME] if ts == "never" else [])


def test_tracks_of_rejected_rows_alone_are_not_kept() -> None:
    rows = [row(), row(ts="never", master_metadata_track_name="Ebb"), row()]
    outcome = read({NAME: as_json(rows)})
    assert outcome.column("title") == ["Slack Water"] * 2
    staging = Staging()
    staging.gather([outcome.told[0]], lambda rows: None)
    assert staging.tracks == 1


@pytest.mark.parametrize("end", [1, 2, 200, 30_000])
def test_a_file_that_was_cut_off_is_refused(end: int) -> None:
    whole = as_json([row() for _ in range(100)])
    outcome = read({NAME: whole[:-end]})
    assert outcome.broken[0].sentence.startswith("It ends in the middle")


def test_more_after_the_list_is_refused() -> None:
    assert read({NAME: as_json([row()]) + b"[]"}).broken


def test_a_large_file_comes_in_batches_and_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spotify_extended, "_CHUNK", 4 << 20)
    rows = [row(ms_played=number) for number in range(20_000)]
    outcome = read({NAME: as_json(rows)})
    assert outcome.batches > 2
    assert outcome.column("ms_played") == list(range(20_000))
    assert outcome.column("row") == list(range(1, 20_001))


@pytest.mark.parametrize("depth", [100, 100_000])
def test_deep_nesting_costs_one_row_at_most(depth: int) -> None:
    deep = json.dumps(row())[:-1] + ', "x": ' + "[" * depth + "]" * depth + "}"
    outcome = read({NAME: f"[{json.dumps(row())},{deep}]".encode()})
    assert outcome.rows == 2
    assert len(outcome.plays) >= 1
