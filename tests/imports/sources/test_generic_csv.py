"""Any table: columns by their names, units and dates by the whole column, questions otherwise."""

from __future__ import annotations

import pytest

from audiospective.imports.reasons import Reason
from tests.imports.reading_files import Outcome, ms, read, zipped


def table(header: str, *lines: str, **answers: object) -> Outcome:
    return read({"plays.csv": "\n".join([header, *lines]).encode()}, **answers)


def asked(outcome: Outcome) -> list[str]:
    return [question.kind for question in outcome.files[0].questions]


@pytest.mark.parametrize(
    ("header", "line"),
    [
        ("ts,track_name,artist_name,album_name,ms_played", "2023-11-04T22:00:00Z,T,A,B,1000"),
        ("Date Played;Song;Artist;Album;Listening Time", "1699135200;T;A;B;1"),
        ("timestamp\ttrack\tperformer\talbum\tmsPlayed", "1699135200000\tT\tA\tB\t1000"),
        (
            '"played_at","title","artist","album","ms_played"',
            '"2023-11-04 22:00:00+00:00","T","A","B","1000"',
        ),
        (
            "listened_at,SONG,Artist Name,Release,Play Duration (ms)",
            "2023-11-04T23:00:00+01:00,T,A,B,1000",
        ),
        ("date,time,track,artist,album,seconds_played", "2023-11-04,22:00:00 UTC,T,A,B,1"),
    ],
)
def test_columns_are_guessed_by_their_names(header: str, line: str) -> None:
    outcome = table(header, line)
    assert outcome.sources == ["generic_csv"]
    (play,) = outcome.plays
    assert play["started_at"] == ms("2023-11-04T22:00:00")
    assert (play["title"], play["artist"], play["album"]) == ("T", "A", "B")
    assert play["ms_played"] == 1_000
    assert play["zone_known"] is True
    assert asked(outcome) == []


def test_a_time_that_is_called_an_end_is_one() -> None:
    outcome = table("endTime,track,artist", "2023-11-04T22:00:00Z,T,A")
    assert outcome.column("ended_at") == [ms("2023-11-04T22:00:00")]


def test_the_spotify_form_of_other_archivers_keeps_its_ids() -> None:
    header = "played_at_utc,track_name,artists,album,ms_played,spotify_track_uri,played_from"
    line = "2023-11-04 22:00:00.123,'=T,A,B,1000,spotify:track:0aB1cD2eF3gH4iJ5kL6mN7,x"
    (play,) = table(header, line).plays
    assert play["spotify_id"] == "0aB1cD2eF3gH4iJ5kL6mN7"
    assert play["ended_at"] == ms("2023-11-04T22:00:00") + 123
    assert play["zone_known"] is True
    assert play["title"] == "=T"


@pytest.mark.parametrize(
    ("written", "wall", "precision"),
    [
        ("2023-11-04 22:00:05", "2023-11-04T22:00:05", 1_000),
        ("2023-11-04 22:00", "2023-11-04T22:00:00", 60_000),
        ("2023-11-04", "2023-11-04T00:00:00", 86_400_000),
        ("2023/11/04 22:00:05", "2023-11-04T22:00:05", 1_000),
        ("04.11.2023 22:00", "2023-11-04T22:00:00", 60_000),
        ("13/11/2023 22:00:05", "2023-11-13T22:00:05", 1_000),
        ("11/13/2023 10:00 PM", "2023-11-13T22:00:00", 60_000),
        ("11/13/2023 12:00 am", "2023-11-13T00:00:00", 60_000),
        ("4 Nov 2023, 22:00", "2023-11-04T22:00:00", 60_000),
        ("November 4, 2023, 10:00:05 PM", "2023-11-04T22:00:05", 1_000),
        ("Saturday, 4 November 2023 22:00", "2023-11-04T22:00:00", 60_000),
    ],
)
def test_times_are_read_as_people_write_them_and_the_zone_is_asked_for(
    written: str, wall: str, precision: int
) -> None:
    line = f'"{written}",T,A'
    outcome = table("date,track,artist", line)
    (play,) = outcome.plays
    assert (play["started_at"], play["precision"]) == (ms(wall), precision)
    assert play["zone_known"] is False
    assert asked(outcome) == ["zone"]
    (there,) = table("date,track,artist", line, zone="America/New_York").plays
    assert there["started_at"] - ms(wall) in (4 * 3_600_000, 5 * 3_600_000)
    assert there["zone_known"] is True


def test_the_order_of_day_and_month_is_decided_by_the_whole_column() -> None:
    lines = [f"{day:02d}/03/2023 10:00,T,A" for day in range(1, 20)]
    outcome = table("date,track,artist", *lines)
    assert outcome.column("started_at")[4] == ms("2023-03-05T10:00:00")
    assert "day_first" not in asked(outcome)


def test_dates_that_can_be_read_both_ways_are_asked_about() -> None:
    lines = ("03/04/2023 10:00,T,A", "05/04/2023 10:00,T,A")
    outcome = table("date,track,artist", *lines)
    assert asked(outcome) == ["day_first", "zone"]
    assert "03/04/2023" in outcome.files[0].questions[0].sentence
    for first, wall in ((True, "2023-04-03T10:00:00"), (False, "2023-03-04T10:00:00")):
        assert table("date,track,artist", *lines, day_first=first).plays[0]["started_at"] == ms(
            wall
        )


@pytest.mark.parametrize(
    ("column", "values", "found"),
    [
        ("duration", ["200000", "180000", "5"], [200_000, 180_000, 5]),
        ("duration", ["200", "180", "5"], [200_000, 180_000, 5_000]),
        ("duration_ms", ["200", "180", "5"], [200, 180, 5]),
        ("length", ["3:20", "1:00:00", "x"], [200_000, 3_600_000, None]),
        ("duration", ["200,5", "-1", ""], [200_500, None, None]),
    ],
)
def test_the_unit_of_lengths_is_decided_by_name_or_by_the_middle(
    column: str, values: list[str], found: list[int | None]
) -> None:
    lines = [f'1699135200;T;A;"{value}"' for value in values]
    assert table(f"time;track;artist;{column}", *lines).column("length_ms") == found


def test_a_table_of_unknown_columns_asks_for_them_and_reads_nothing_before() -> None:
    outcome = table("wann,was,wer", "2023-11-04T22:00:00Z,T,A")
    assert asked(outcome)[0] == "mapping"
    assert outcome.files[0].questions[0].choices == ("wann", "was", "wer")
    assert outcome.rows == 0
    mapping = {"plays.csv": {"started_at": "wann", "title": "was", "artist": "wer"}}
    (play,) = table("wann,was,wer", "2023-11-04T22:00:00Z,T,A", mapping=mapping).plays
    assert (play["title"], play["artist"]) == ("T", "A")


def test_a_guess_can_be_corrected_and_columns_that_are_not_there_are_ignored() -> None:
    mapping = {
        "plays.csv": {
            "ended_at": "date",
            "title": "artist",
            "artist": "track",
            "isrc": "gone",
            "x": "date",
        }
    }
    (play,) = table("date,track,artist", "1699135200,T,A", mapping=mapping).plays
    assert (play["ended_at"], play["title"], play["artist"]) == (1_699_135_200_000, "A", "T")


def test_a_table_without_a_header_has_numbered_columns() -> None:
    outcome = read({"plays.csv": b"2023-11-04T22:00:00Z,T,A\n2023-11-04T22:10:00Z,U,A\n"})
    assert outcome.files[0].questions[0].choices == ("Column 1", "Column 2", "Column 3")
    mapping = {"plays.csv": {"started_at": "Column 1", "title": "Column 2", "artist": "Column 3"}}
    content = b"2023-11-04T22:00:00Z,T,A\n2023-11-04T22:10:00Z,U,A\n"
    assert read({"plays.csv": content}, mapping=mapping).column("title") == ["T", "U"]


def test_five_rows_are_shown_as_they_would_be_read() -> None:
    lines = [f"{1_699_135_200 + n * 300},Song {n},Ann" for n in range(9)]
    outcome = table("date,track,artist", *lines)
    sample = outcome.files[0].sample
    assert len(sample) == 5
    assert sample[0] == {
        "time": "2023-11-04 22:00:00",
        "title": "Song 0",
        "artist": "Ann",
        "album": "",
    }
    assert dict(outcome.files[0].mapping)["title"] == "track"


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (",T,A", Reason.NO_TIME),
        ("soon,T,A", Reason.NO_TIME),
        ("1970-01-01,T,A", Reason.TIME_OUT_OF_RANGE),
        ("2199-01-01,T,A", Reason.TIME_OUT_OF_RANGE),
        ("1699135200,,A", Reason.NO_METADATA),
        ("1699135200,T,", Reason.NO_ARTIST),
        ("1699135200,T,A,more", Reason.UNREADABLE_ROW),
    ],
)
def test_a_bad_row_is_rejected_alone(bad: str, reason: Reason) -> None:
    outcome = table("date,track,artist", "1699135200,T,A", bad, "1699135500,T,A")
    assert outcome.reasons == [reason]
    assert outcome.column("row") == [2, 4]


def test_comments_may_stand_before_the_header_and_only_there() -> None:
    outcome = table("# my plays", "date,track,artist", "1699135200,T,#1 Dads", "#,T,A")
    assert outcome.column("artist") == ["#1 Dads"]
    assert outcome.reasons == [Reason.NO_TIME]


def test_columns_of_one_name_are_told_apart() -> None:
    outcome = table("date,track,artist,x,x,", "1699135200,T,A,1,2,3")
    assert len(outcome.plays) == 1


def test_tables_within_archives_are_only_read_when_their_columns_say_so() -> None:
    good, other = b"date,track,artist\n1699135200,T,A\n", b"a,b\n1,2\n"
    outcome = read({"a.zip": zipped({"plays.csv": good, "other.csv": other})})
    assert outcome.sources == ["generic_csv", None]


def test_a_text_is_no_table() -> None:
    assert read({"notes.txt": b"Dear diary\ntoday I heard Slack Water.\n"}).sources == [None]
