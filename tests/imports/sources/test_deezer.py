"""Deezer's workbook: odd lengths, serial dates, phones that were offline, and hostile XML."""

from __future__ import annotations

import time
from typing import Any

import pytest

from audiospective.imports.reasons import Reason
from tests.imports.reading_files import ms, read, zipped
from tests.imports.workbook import workbook

SHEET = "10_listeningHistory"
HEADER = [
    *("Song Title", "Artist", "ISRC", "Album Title", "IP Address", "Listening Time"),
    *("Platform Name", "Platform Model", "Date"),
]


def row(
    title: Any = "Slack Water", played: Any = "200", at: Any = "2023-11-04 22:00:00"
) -> list[Any]:
    ip = "203.0.113.7"
    return [title, "Harbour Lights", "GBAYE8100053", "Quay", ip, played, "ios", "iPhone", at]


def deezer(*rows: list[Any], header: list[str] = HEADER, **how: Any) -> dict[str, bytes]:
    return {"deezer-data_123.xlsx": workbook({"1_profile": [["x"]], SHEET: [header, *rows]}, **how)}


def test_a_play_has_its_isrc_and_nothing_personal() -> None:
    outcome = read(deezer(row()))
    (play,) = outcome.plays
    assert outcome.sources == ["deezer"]
    assert play["started_at"] == ms("2023-11-04T22:00:00")
    assert (play["title"], play["isrc"]) == ("Slack Water", "GBAYE8100053")
    assert (play["ms_played"], play["platform"]) == (200_000, "ios")
    assert play["zone_known"] is False
    assert "203.0.113.7" not in repr(outcome)
    assert [(one.kind, one.required) for one in outcome.files[0].questions] == [("zone", False)]


def test_a_zone_that_was_answered_is_used_with_its_summer_time() -> None:
    rows = [row(at="2023-10-28 12:00:00"), row(at="2023-10-30 12:00:00")]
    outcome = read(deezer(*rows), zone="Europe/Paris")
    assert outcome.column("started_at") == [ms("2023-10-28T10:00:00"), ms("2023-10-30T11:00:00")]
    assert outcome.column("zone_known") == [True, True]


@pytest.mark.parametrize(
    ("written", "played"),
    [
        *(("-1", None), (-1, None), ("200", 200_000), (200, 200_000), ("3:20", 200_000)),
        *(("1:00:01", 3_601_000), ("12,5", 12_500), ("", None), ("x", None), (0, 0)),
        (10**9, None),
    ],
)
def test_the_time_heard_is_seconds_or_a_clock(written: Any, played: int | None) -> None:
    assert read(deezer(row(played=written))).column("ms_played") == [played]


@pytest.mark.parametrize(
    ("serial", "from_1904"), [(45_234.916666666664, False), (43_772.916666666664, True)]
)
def test_a_date_may_be_the_serial_number_of_a_day(serial: float, from_1904: bool) -> None:
    outcome = read(deezer(row(at=serial), from_1904=from_1904))
    assert outcome.column("started_at") == [ms("2023-11-04T22:00:00")]


def test_french_columns_are_known() -> None:
    header = [
        *("Titre", "Artiste", "ISRC", "Titre de l’album", "Adresse IP", "Temps d’écoute"),
        *("Nom de la plateforme", "Modèle", "Date d'écoute"),
    ]
    (play,) = read(deezer(row(), header=header)).plays
    assert (play["title"], play["album"], play["ms_played"]) == ("Slack Water", "Quay", 200_000)


def test_columns_in_a_language_that_is_not_known_are_never_an_empty_success() -> None:
    outcome = read(deezer(row(), header=["Titel", "Künstler", "ISRC", *"abcde", "Datum"]))
    assert outcome.rows == 0
    assert "save that sheet as CSV" in outcome.sentences[0]


def test_forty_songs_at_one_second_are_imprecise() -> None:
    outcome = read(
        deezer(*(row(f"Song {number}") for number in range(40)), row(at="2023-11-05 10:00:00"))
    )
    assert outcome.column("precision") == [86_400_000] * 40 + [1_000]


def test_a_title_that_excel_took_for_a_number_is_a_title() -> None:
    assert read(deezer(row(1999))).column("title") == ["1999"]


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (row(at=""), Reason.NO_TIME),
        (row(at="soon"), Reason.NO_TIME),
        (row(at=-5), Reason.NO_TIME),
        (row(at=10**9), Reason.NO_TIME),
        (row(at=True), Reason.NO_TIME),
        (row(at="1970-01-01 00:00:00"), Reason.TIME_OUT_OF_RANGE),
        (row(at=73_050), Reason.TIME_OUT_OF_RANGE),
        (row(""), Reason.NO_TITLE),
    ],
)
def test_a_bad_row_is_rejected_alone(bad: list[Any], reason: Reason) -> None:
    outcome = read(deezer(row(), bad, row(at="2023-11-05 10:00:00")))
    assert outcome.reasons == [reason]
    assert outcome.column("row") == [2, 4]
    assert "203.0.113.7" not in outcome.rejected[0].raw


def test_a_header_alone_is_no_fault() -> None:
    outcome = read(deezer())
    assert (outcome.rows, outcome.sentences) == (0, [])


def test_another_workbook_is_refused() -> None:
    outcome = read({"x.xlsx": workbook({"Sheet1": [["a"]]})})
    assert outcome.sources == [None]
    assert "not Deezer's" in outcome.sentences[0]


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"xl/worksheets/sheet2.xml": b'<!DOCTYPE x [<!ENTITY a "b">]><worksheet/>'}, "entities"),
        ({"xl/sharedStrings.xml": b'<!DOCTYPE x SYSTEM "http://evil.example/"><sst/>'}, "entities"),
        (
            {
                "xl/worksheets/sheet2.xml": (
                    b'<worksheet><sheetData><row r="1"><c r="A1"><v>1</v></c></row>'
                    b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData></worksheet>'
                )
            },
            "too large",
        ),
        (
            {"xl/worksheets/sheet2.xml": b'<worksheet><sheetData><row><c r="&#65;1"/></row>'},
            "damaged",
        ),
        (
            {
                "xl/sharedStrings.xml": b"<sst><si><t>" + b"x" * 3_000_000 + b"</t></si></sst>",
                "xl/worksheets/sheet2.xml": (
                    b"<worksheet><sheetData><row>"
                    + b'<c t="s"><v>0</v></c>' * 1_000
                    + b"</row></sheetData></worksheet>"
                ),
            },
            "repeats",
        ),
        ({"xl/worksheets/sheet2.xml": b"<worksheet><sheetData><row><c>"}, "damaged"),
        ({"xl/worksheets/sheet2.xml": b"\0" * 100}, "damaged"),
        ({"xl/_rels/workbook.xml.rels": b"<x"}, "damaged"),
    ],
)
def test_hostile_workbooks_are_refused_with_one_sentence(
    changes: dict[str, bytes], word: str
) -> None:
    outcome = read(deezer(row(), parts=changes))
    assert outcome.rows == 0
    assert len(outcome.sentences) == 1
    assert word in outcome.sentences[0]


def test_a_list_of_sheets_that_never_ends_is_looked_through_in_no_time() -> None:
    began = time.process_time()
    content = workbook({"a": [[]]}, parts={"xl/workbook.xml": b"<sheet " * 140_000})
    assert read({"x.xlsx": content}).sources == [None]
    assert time.process_time() - began < 30  # two or three


def test_a_workbook_within_a_zip_is_read() -> None:
    outcome = read({"export.zip": zipped({"a/deezer.xlsx": deezer(row())["deezer-data_123.xlsx"]})})
    assert len(outcome.plays) == 1
