"""Tidal: the day first, hours without a zero, a zone in each row."""

from __future__ import annotations

import pytest

from audiospective.imports.reasons import Reason
from tests.imports.reading_files import ms, read

HEADER = (
    "artist_name,track_title,entry_date,stream_duration_ms,product_type,ip_address,"
    "client_name_from_session,country_name,region_name,city_name,postal_code,time_zone"
)


def line(
    at: str = "08/03/2022 19:01",
    zone: str = "America/Toronto",
    played: str = "270000.0",
    kind: str = "TRACK",
    title: str = "Slack Water",
) -> str:
    place = "203.0.113.7,Web,Canada,Ontario,Cityname,A1B"
    return f'"Ann, Bo",{title},{at},{played},{kind},{place},{zone}'


def tidal(*lines: str) -> dict[str, bytes]:
    return {"streaming.csv": "\n".join([HEADER, *lines]).encode()}


def test_a_play_is_known_to_the_minute_and_not_where_it_was() -> None:
    outcome = read(tidal(line(), line(at="")))
    (play,) = outcome.plays
    assert play["started_at"] == ms("2022-03-09T00:01:00")
    assert (play["precision"], play["zone_known"]) == (60_000, True)
    assert (play["artist"], play["ms_played"]) == ("Ann, Bo", 270_000)
    for personal in ("203.0.113.7", "Cityname", "Ontario", "A1B", "Toronto"):
        assert personal not in repr(outcome)


@pytest.mark.parametrize(
    ("at", "zone", "utc"),
    [
        ("09/03/2022 0:00", "null", "2022-03-09T00:00:00"),
        ("09/03/2022 0:02", "Not/AZone", "2022-03-09T00:02:00"),
        ("09/03/2022 3:07", "", "2022-03-09T03:07:00"),
        ("09/03/2022 3:07", "../../etc/passwd", "2022-03-09T03:07:00"),
        ("13/03/2022 1:59", "America/Toronto", "2022-03-13T06:59:00"),
        ("13/03/2022 3:00", "America/Toronto", "2022-03-13T07:00:00"),
        ("06/11/2022 1:30", "America/Toronto", "2022-11-06T05:30:00"),
        ("31/12/2022 23:59", "UTC", "2022-12-31T23:59:00"),
    ],
)
def test_each_row_has_a_zone_of_its_own(at: str, zone: str, utc: str) -> None:
    assert read(tidal(line(at, zone))).column("started_at") == [ms(utc)]


@pytest.mark.parametrize("kind", ["ALBUM", "VIDEO", "album"])
def test_what_is_no_track_is_skipped(kind: str) -> None:
    assert read(tidal(line(kind=kind), line())).reasons == [Reason.NOT_AUDIO]


@pytest.mark.parametrize(
    ("played", "found"), [("null", None), ("330.00000000", 330), ("-1", None), ("x", None)]
)
def test_the_time_heard_is_a_number_or_unknown(played: str, found: int | None) -> None:
    assert read(tidal(line(played=played))).column("ms_played") == [found]


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (line("31/02/2022 10:00"), Reason.NO_TIME),
        (line("03/13/2022 10:00"), Reason.NO_TIME),
        (line("null"), Reason.NO_TIME),
        (line("01/01/1970 0:00"), Reason.TIME_OUT_OF_RANGE),
        (line("01/01/2199 0:00"), Reason.TIME_OUT_OF_RANGE),
        (line("01/01/9999 0:00"), Reason.TIME_OUT_OF_RANGE),
        (line("01/01/0001 0:00"), Reason.TIME_OUT_OF_RANGE),
        (line(title="null"), Reason.NO_TITLE),
        (line(title="Teleport, Jamie"), Reason.UNREADABLE_ROW),
    ],
)
def test_a_bad_row_is_rejected_alone_and_shown_without_the_person(bad: str, reason: Reason) -> None:
    outcome = read(tidal(line(), bad, line()))
    assert outcome.column("row") == [2, 4]
    assert outcome.reasons == [reason]
    for personal in ("203.0.113.7", "Cityname", "A1B"):
        assert personal not in outcome.rejected[0].raw


def test_two_rows_of_one_track_in_one_minute_are_two_plays() -> None:
    assert len(read(tidal(line(), line())).plays) == 2
