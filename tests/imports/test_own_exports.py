"""Whoever brings an export to another archive finds there what was known in the first one."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import polars as pl
import pytest

from audiospective import history
from audiospective.exports import files, frames
from audiospective.exports.formats import FORMATS
from audiospective.exports.formats.changes import Changes
from audiospective.exports.formats.spotify import DONE
from audiospective.history.catalog import track_facts
from audiospective.models import User
from audiospective.policy.timing import BY_HEARD, BY_START, Timing
from audiospective.services import Services
from tests.exports import making
from tests.imports.importing import done, spotify_file, spotify_row
from tests.imports.reading_files import as_json, read, zipped
from tests.imports.test_stripping import stripped

CREDITS = [
    ["Ann, Bo"],
    ["Ann", "Bo"],
    ["Ann & Bo, Jr.", 'The "Who"'],
    ["Now; Here", "Steins;Gate;", "x"],
    ["=SUM(1)", "Tyler, The Creator"],
]
START = datetime(2025, 3, 1, tzinfo=UTC)
FORMS = [
    *((form, False) for form in ("koito", "listenbrainz", "maloja", "spotify")),
    ("spotify", True),
]


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("form", ["csv", "json", "parquet", "listenbrainz"])
def test_artists_that_are_listed_one_by_one_stay_apart(
    form: str, services: Services, tmp_path: Path
) -> None:
    plays = [
        making.imported(
            START + timedelta(hours=number),
            making.song(f"Song {number}", *artists, spotify_id=None),
        )
        for number, artists in enumerate(CREDITS)
    ]
    path = files.save(
        FORMATS[form],
        making.taken(making.archive(*plays), tmp_path),
        tmp_path,
        compatible=form == "listenbrainz",
    )
    bob = making.archive(name="bob")
    done(services, User.get_by_id(bob), {path.name: path.read_bytes()})
    told = history.frame(bob).sort("played_at")
    assert told.height == len(plays)
    assert not set(told["track"]) & {play["track"] for play in plays}
    credited = told.select("track").join(
        track_facts.of(told["track"]), on="track", how="left", maintain_order="left"
    )
    assert credited["artists"].to_list() == CREDITS


def _of_every_timing(song: int) -> tuple[list[dict[str, Any]], dict[str, bytes]]:
    """A play of each, a week apart, and Spotify's own file with all of them."""
    plays, rows = [], []
    for timing in Timing:
        began = START + timedelta(weeks=int(timing), hours=9, minutes=3, seconds=20)
        ended = began + timedelta(milliseconds=180_450)
        known = began if timing in BY_START else ended
        at = int(known.timestamp() * 1000)
        if timing in BY_HEARD:
            at = int(began.timestamp()) * 1000 // timing.precision * timing.precision + 180_450
        else:
            at = at // timing.precision * timing.precision
        heard = None if timing in BY_START else 180_450
        play = making.imported(known, song, ms_played=heard, timing=int(timing))
        plays.append({**play, "played_at": at})
        rows.append(
            spotify_row(
                f"{ended:%Y-%m-%dT%H:%M:%SZ}",
                song,
                ms_played=180_450,
                master_metadata_track_name="Ebb",
                master_metadata_album_artist_name="Ann",
                master_metadata_album_album_name="An Album",
            )
        )
    return plays, spotify_file(*rows)


def _timings(user_id: int) -> list[int | None]:
    return history.frame(user_id).sort("played_at")["timing"].to_list()


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize(("form", "compatible"), FORMS)
def test_files_for_other_programs_change_nothing_in_the_archive_they_are_of(
    form: str, compatible: bool, services: Services, tmp_path: Path
) -> None:
    song = making.song("Ebb", "Ann")
    plays, spotify = _of_every_timing(song)
    polled = [making.polled(START - timedelta(hours=number), song) for number in range(3)]
    alice = making.archive(*polled, *plays)
    taken = making.taken(alice, tmp_path)
    before = history.frame(alice)
    path = files.save(FORMATS[form], taken, tmp_path, compatible=compatible)
    row = done(services, User.get_by_id(alice), {path.name: path.read_bytes()})
    assert (row.rows, row.added) == (12, 0)
    assert _timings(alice) == [None] * 3 + list(Timing)
    told = "played_at", "ms_played", "reason_end"
    assert history.frame(alice).select(told).equals(before.select(told))
    assert done(services, User.get_by_id(alice), spotify).added == 0


@pytest.mark.usefixtures("at_once")
def test_a_file_that_does_not_say_what_its_times_are_makes_no_end_of_a_beginning(
    services: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frames, "SENDER", pl.lit("audiospective"))
    plays, _ = _of_every_timing(making.song("Ebb", "Ann"))
    alice = making.archive(*plays)
    taken = making.taken(alice, tmp_path)
    for form in ("koito", "listenbrainz", "maloja", "spotify"):
        path = files.save(FORMATS[form], taken, tmp_path, compatible=False)
        row = done(services, User.get_by_id(alice), {path.name: path.read_bytes()})
        assert (form, row.rows, row.added) == (form, 9, 0)
        told = dict(zip(Timing, _timings(alice), strict=True))
        # In Spotify's form what is an end is the one that Spotify tells.
        kept = BY_START if form == "spotify" else tuple(Timing)
        assert (form, [told[one] for one in kept]) == (form, list(kept))


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize(("form", "compatible"), FORMS)
def test_what_is_known_of_a_time_comes_to_another_archive(
    form: str, compatible: bool, services: Services, tmp_path: Path
) -> None:
    plays, spotify = _of_every_timing(making.song("Ebb", "Ann"))
    taken = making.taken(making.archive(*plays), tmp_path)
    path = files.save(FORMATS[form], taken, tmp_path, compatible=compatible)
    bob = making.archive(name="bob")
    done(services, User.get_by_id(bob), {path.name: path.read_bytes()})
    expected = {one: int(one) for one in Timing}
    expected[Timing.END] = int(Timing.END_SECOND)  # they have whole seconds
    if form == "koito":  # and this one no time heard
        expected |= {Timing.HEARD: int(Timing.END_SECOND)}
        expected |= {Timing.HEARD_MINUTE: int(Timing.END_MINUTE)}
    assert dict(zip(Timing, _timings(bob), strict=True)) == expected
    assert done(services, User.get_by_id(bob), spotify).added == 0


@pytest.mark.usefixtures("at_once")
def test_what_was_filled_in_for_other_programs_does_not_come_back_as_known(
    services: Services, tmp_path: Path
) -> None:
    """And so Spotify's own file can still tell it, be it of plays or of where they ended."""
    song, nameless = making.song("Ebb", "Ann"), making.song("Flow", "Ann", duration_ms=None)
    began = START + timedelta(hours=9)
    alice = making.archive(
        making.polled(began + timedelta(seconds=60), song, context="spotify:playlist:x"),
        {"played_at": int(began.timestamp() * 1000) + 3_600_000, "track": song, "source": 2,
         "timing": int(Timing.BEGAN)},
        {"played_at": int(began.timestamp() * 1000) + 7_200_000, "track": nameless, "source": 2,
         "timing": int(Timing.BEGAN)},
    )  # fmt: skip
    taken = making.taken(alice, tmp_path)
    path = files.save(FORMATS["spotify"], taken, tmp_path, compatible=True)
    with ZipFile(path) as archive:
        texts = [json.loads(archive.read(name)) for name in archive.namelist() if "_0" in name]
        (polled, known, unknown) = texts[0]
    assert (polled["ts"], polled["ms_played"]) == ("2025-03-01T09:01:00Z", 200_000)
    # As every reader counts, they began when they did.
    assert (known["ts"], known["ms_played"]) == ("2025-03-01T10:03:20Z", 200_000)
    assert (unknown["ts"], unknown["ms_played"]) == ("2025-03-01T11:00:30Z", 30_000)
    before = history.frame(alice).select("played_at", "ms_played", "reason_end", "timing")
    bob = making.archive(name="bob")
    heard = [
        spotify_row(
            f"{began + timedelta(seconds=at):%Y-%m-%dT%H:%M:%SZ}",
            ms_played=ms_played,
            reason_end="fwdbtn",
            master_metadata_track_name=title,
            master_metadata_album_artist_name="Ann",
            spotify_track_uri=f"spotify:track:{making.ID(number)}",
        )
        for at, ms_played, title, number in [
            (60, 60_000, "Ebb", song), (3_640, 40_000, "Ebb", song),
            (7_920, 720_000, "Flow", nameless),
        ]
    ]  # fmt: skip
    for member in (alice, bob):
        user = User.get_by_id(member)
        done(services, user, {path.name: path.read_bytes()})
        told = history.frame(member).select(before.columns)
        assert told["ms_played"].null_count() == told["reason_end"].null_count() == 3
        assert told["timing"].fill_null(1).to_list() == [1, int(Timing.BEGAN), int(Timing.BEGAN)]
        assert told["played_at"].to_list() == before["played_at"].to_list()
        row = done(services, user, spotify_file(*heard))
        assert (row.added, row.matched) == (0, 3)
        told = history.frame(member)
        assert told["ms_played"].to_list() == [60_000, 40_000, 720_000]
        assert told["reason_end"].to_list() == ["fwdbtn"] * 3


def test_spotifys_own_files_beside_an_own_one_in_spotifys_form_are_read() -> None:
    own = spotify_row("2025-03-05T12:00:00Z", platform="audiospective-began, ios")
    members = {
        "Streaming_History_Audio_2025_0.json": as_json([own]),
        "Streaming_History_Audio_2025_1.json": as_json([own]),
        "endsong_0.json": as_json([spotify_row("2025-03-05T13:00:00Z")]),
    }
    found = read({"a.zip": zipped(members)})
    assert found.sources == ["audiospective", "audiospective", "spotify_extended"]
    assert found.column("started_at").count(None) == 1
    table = b"played_at,local_time,spotify_uri,ms_played,track\r\n"
    found = read({"a.zip": zipped({**members, "plays.csv": table})})
    assert found.sources == [None, None, None, "audiospective"]


def test_the_list_of_changes_beside_a_compatible_form_is_no_table_of_plays(tmp_path: Path) -> None:
    changes = Changes(tmp_path)
    with changes.path.open("a") as file:
        file.write("2025-03-05T12:00:00.000Z,,A Talk,Episode 12,left out,a podcast\r\n")
    found = read({"a.zip": zipped({"CHANGES.csv": changes.path.read_bytes()})})
    assert (found.rows, found.sources) == (0, [None])
    assert found.sentences[0].startswith("A list of what an export filled in")


MARKS = [  # platform, timing, ms_played, reason_end; what both forms have in `platform`
    (None, None, None, None, "audiospective", "audiospective (filled in: ms_played, reason_end)"),
    (None, Timing.END_SECOND, 9_000, "logout", "audiospective", "audiospective"),
    (None, Timing.BEGAN, None, "logout", "audiospective-began",
     "audiospective-began (filled in: ts, ms_played)"),
    ("ios", Timing.END_SECOND, 9_000, "logout", "ios", "ios"),
    ("ios", Timing.END_SECOND, 9_000, None, "ios", "ios"),
    ("ios", Timing.END_SECOND, None, "logout", "ios", "audiospective (filled in: ms_played), ios"),
    ("a, b (c)", Timing.BEGAN, 9_000, None, "audiospective-began, a, b (c)",
     "audiospective-began (filled in: ts, reason_end), a, b (c)"),
    ("ios", Timing.HEARD, 9_000, "logout", *["audiospective-heard, ios"] * 2),
    ("ios", Timing.END_DAY, 9_000, "logout", *["audiospective-end_day, ios"] * 2),
    ("audiospective", Timing.END_SECOND, 9_000, "logout", *["audiospective, audiospective"] * 2),
    ("x" * 1_000, Timing.END_MINUTE, 9_000, "logout",
     *["audiospective-end_minute, " + "x" * 1_000] * 2),
]  # fmt: skip


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("compatible", [False, True])
def test_the_mark_of_own_rows_stands_where_the_program_does_and_gives_it_back(
    compatible: bool, services: Services, tmp_path: Path
) -> None:
    song = making.song("Ebb", "Ann")
    plays = [
        making.imported(
            START + timedelta(weeks=number),
            song,
            **dict(zip(("platform", "timing", "ms_played", "reason_end"), facts, strict=True)),
        )
        for number, (*facts, _, _) in enumerate(MARKS)
    ]
    taken = making.taken(making.archive(*plays), tmp_path)
    path = files.save(FORMATS["spotify"], taken, tmp_path, compatible=compatible)
    with ZipFile(path) as archive:
        names = [name for name in archive.namelist() if name.endswith(".json")]
        rows = [row for name in names for row in json.loads(archive.read(name))]
    assert [row["platform"] for row in rows] == [mark[4 + compatible] for mark in MARKS]
    bob = making.archive(name="bob")
    assert done(services, User.get_by_id(bob), {path.name: path.read_bytes()}).added == len(MARKS)
    told = history.frame(bob).sort("played_at")
    assert told["platform"].to_list() == [mark[0] for mark in MARKS]
    assert told["ms_played"].to_list() == [mark[2] for mark in MARKS]
    # Why a play ended is known for other programs once its row has no mark.
    filled = [DONE if compatible and mark[5] == "ios" else None for mark in MARKS]
    ends = [mark[3] or one for mark, one in zip(MARKS, filled, strict=True)]
    assert told["reason_end"].to_list() == ends


def test_rows_with_a_mark_are_read_by_it_also_in_a_file_that_begins_as_spotifys() -> None:
    usual = [spotify_row(f"2025-03-05T12:{at:02}:00Z", platform="ios") for at in range(60)]
    many = [
        {**row, "ip_addr": None, "master_metadata_album_album_name": "x" * 900} for row in usual
    ]
    own = "audiospective-began (filled in: ts, ms_played)"
    marked = [
        spotify_row("2025-03-05T13:03:00Z", ms_played=180_000, platform=one)
        for one in (own, f"{own}, ios", "audiospective-other", "Audiospective, ios")
    ]
    found = read({"a.json": as_json([*many * 20, *marked])})
    assert found.sources == ["spotify_extended"]
    began = int(datetime(2025, 3, 5, 13, tzinfo=UTC).timestamp() * 1000)
    assert found.column("started_at")[-4:] == [began, began, None, None]
    assert found.column("ended_at")[-4:] == [None, None, began + 180_000, began + 180_000]
    assert found.column("ms_played")[-4:] == [None, None, 180_000, 180_000]
    platforms = [None, "ios", "audiospective-other", "Audiospective, ios"]
    assert found.column("platform")[-4:] == platforms
    found = read({"a.json": as_json(marked)})
    assert (found.sources, found.column("platform")) == (["audiospective"], platforms)


def test_a_mark_is_no_program_in_a_table_made_of_such_rows() -> None:
    table = b"artist,title,ts,platform\r\n" + b"".join(
        b'Ann,Ebb,2025-03-05T12:0%d:00Z,"%s"\r\n' % (number, platform)
        for number, platform in enumerate(
            [b"audiospective-began", b"audiospective (filled in: ms_played), ios", b"ios", b""]
        )
    )
    assert read({"a.csv": table}).column("platform") == [None, "ios", "ios", None]


def test_a_user_agent_is_dropped_whatever_it_says() -> None:
    rows = [spotify_row("2025-03-05T13:00:00Z", user_agent_decrypted="audiospective-began")]
    kept = json.loads(stripped({"a.json": as_json(rows)})["a.json"])
    assert kept[0]["user_agent_decrypted"] is None


@pytest.mark.usefixtures("at_once")
def test_files_of_one_export_tell_of_different_plays_whatever_they_begin_with(
    services: Services,
) -> None:
    """A track on repeat where one file ends and the next begins."""

    def row(at: str, song: int = 1, **more: Any) -> dict[str, Any]:
        return spotify_row(f"2025-03-05T{at}Z", song, ms_played=20_000, **more)

    first = [row("12:00:00", platform="audiospective"), row("13:00:00")]
    others = [row(f"14:{at // 60:02}:{at % 60:02}", 2) for at in range(0, 3_600, 25)]
    then = [row("13:00:30"), *others, row("16:00:00", platform="audiospective-heard, ios")]
    members = {
        "Streaming_History_Audio_2025_0.json": as_json(first),
        "Streaming_History_Audio_2025_1.json": as_json(then),
    }
    found = read({"a.zip": zipped(members)})
    assert found.sources == ["audiospective", "spotify_extended"]
    bob = making.archive(name="bob")
    made = done(services, User.get_by_id(bob), {"a.zip": zipped(members)})
    assert (made.added, made.matched) == (found.rows, 0)


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("marked", [0, 1])
def test_a_file_without_any_mark_is_of_the_export_that_it_lies_in(
    marked: int, services: Services
) -> None:
    """As those of plays that Spotify told, before those that were polled."""

    def row(at: str, song: int) -> dict[str, Any]:
        return spotify_row(f"2025-03-05T{at}Z", song, ms_played=20_000, platform="ios")

    two = [[row("11:00:00", 2), row("13:00:00", 1)], [row("13:00:30", 1), row("14:00:00", 3)]]
    two[marked][-marked]["platform"] = "audiospective"
    members = {f"a/Streaming_History_Audio_2025_{n}.json": as_json(two[n]) for n in (0, 1)}
    bob = making.archive(name="bob")
    made = done(services, User.get_by_id(bob), {"a.zip": zipped(members)})
    assert (made.added, made.matched) == (4, 0)
