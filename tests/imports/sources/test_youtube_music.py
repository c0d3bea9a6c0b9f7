"""YouTube Music: titles in any language, channels that are artists, and what is no music."""

from __future__ import annotations

from typing import Any

import pytest

from audiospective.imports.reasons import Reason
from tests.imports.reading_files import as_json, ms, read, zipped

PATH = "Takeout/YouTube and YouTube Music/history/watch-history.json"
SONGS = ("Slack Water", "Ebb", "Tide Tables", "Low Light", "Anchor", "Wake", "Buoys", "Mist")


def watched(title: str = "Watched Ebb", number: int = 0, **changes: Any) -> dict[str, Any]:
    row = {
        "header": "YouTube Music",
        "title": title,
        "titleUrl": f"https://music.youtube.com/watch?v=abcdefghij{number}",
        "subtitles": [
            {"name": "Harbour Lights - Topic", "url": "https://www.youtube.com/channel/UC1"}
        ],
        "time": f"2022-04-25T18:{number % 60:02d}:04.784Z",
        "products": ["YouTube"],
        "activityControls": ["YouTube watch history"],
        **changes,
    }
    return {name: value for name, value in row.items() if value is not None}


def history(form: str = "Watched {}", **changes: Any) -> list[dict[str, Any]]:
    return [watched(form.format(song), n, **changes) for n, song in enumerate(SONGS)]


def test_a_play_is_known_by_when_it_was_opened() -> None:
    outcome = read({"takeout.zip": zipped({PATH: as_json(history())})})
    play = outcome.plays[0]
    assert outcome.sources == ["youtube_music"]
    assert play["started_at"] == ms("2022-04-25T18:00:04") + 784
    assert (play["precision"], play["ms_played"]) == (1, None)
    assert (play["title"], play["artist"]) == ("Slack Water", "Harbour Lights")


@pytest.mark.parametrize(
    "form",
    [
        "Watched {}",
        "{} angesehen",
        "「{}」を視聴しました",
        "{} を視聴しました",
        "Vous avez regardé {}",
        "Просмотрено видео {}",
        "{} adlı videoyu izlediniz",
        "{}",
    ],
)
@pytest.mark.parametrize("name", ["watch-history.json", "MyActivity.json"])
def test_the_word_around_titles_is_learnt_in_any_language(form: str, name: str) -> None:
    assert read({name: as_json(history(form))}).column("title") == list(SONGS)


@pytest.mark.parametrize("form", ["Watched {}", "{} angesehen", "「{}」を視聴しました"])
def test_a_short_history_does_not_lose_the_beginning_that_its_titles_share(form: str) -> None:
    rows = [watched(form.format(f"The Tide {n}"), n) for n in range(3)]
    assert read({"x.json": as_json(rows)}).column("title") == [f"The Tide {n}" for n in range(3)]


def test_one_language_in_ten_titles_may_be_another() -> None:
    rows = [watched(f"Watched {chr(65 + n)} {n}", n) for n in range(20)]
    rows[3] = watched("Odd one", 3)
    titles = read({"x.json": as_json(rows)}).column("title")
    assert titles[3] == "Odd one"
    assert titles[4] == "E 4"


def test_half_a_word_that_all_titles_share_stays_with_them() -> None:
    rows = [watched(f"Watched Water{chr(65 + n)}", n) for n in range(9)]
    assert read({"x.json": as_json(rows)}).column("title")[0] == "WaterA"


def test_the_word_for_topic_is_learnt_as_well() -> None:
    names = ["Ann", "Bo", "Cy", "Di"]
    rows = [
        watched(f"{song} angesehen", n, subtitles=[{"name": f"{names[n % 4]} - Thema"}])
        for n, song in enumerate(SONGS)
    ]
    assert read({"x.json": as_json(rows)}).column("artist") == names * 2


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"details": [{"name": "From Google Ads"}]}, Reason.ADVERTISEMENT),
        ({"details": [{"name": "Von Google Anzeigen"}]}, Reason.ADVERTISEMENT),
        ({"header": "YouTube", "subtitles": [{"name": "Some Vlog"}]}, Reason.NOT_AUDIO),
        ({"header": "YouTube", "subtitles": None}, Reason.NOT_AUDIO),
        ({"titleUrl": "https://music.youtube.com/search?q=x"}, Reason.NOT_A_PLAY_EVENT),
        ({"subtitles": None}, Reason.NO_ARTIST),
        ({"subtitles": []}, Reason.NO_ARTIST),
        ({"subtitles": "x"}, Reason.NO_ARTIST),
        ({"time": None}, Reason.NO_TIME),
        ({"time": "2199-01-01T00:00:00Z"}, Reason.TIME_OUT_OF_RANGE),
        ({"title": None}, Reason.NO_TITLE),
        ({"title": "Watched https://www.youtube.com/watch?v=abc"}, Reason.NO_TITLE),
    ],
)
def test_what_is_no_play_of_music_is_told_apart(changes: dict[str, Any], reason: Reason) -> None:
    outcome = read({"x.json": as_json([*history(), watched(number=9, **changes)])})
    assert len(outcome.plays) == len(SONGS)
    assert outcome.reasons == [reason]


def test_videos_of_an_artists_own_music_channel_are_plays_too() -> None:
    outcome = read({"x.json": as_json([*history(), watched("Watched Reef", 9, header="YouTube")])})
    assert outcome.column("title")[-1] == "Reef"


def test_a_channel_called_release_is_nobody() -> None:
    rows = [*history(), watched("Watched Reef", 9, subtitles=[{"name": "Release - Topic"}])]
    outcome = read({"x.json": as_json(rows)})
    assert outcome.column("artist")[-1] is None
    assert outcome.notes["no_artist"] == 1


def test_the_same_video_within_seconds_is_one_play_and_later_another() -> None:
    times = ["18:00:10.000", "18:00:04.000", "17:50:00.000"]
    rows = [watched(number=1, time=f"2022-04-25T{time}Z") for time in times]
    outcome = read({"x.json": as_json([*rows, *history()[3:]])})
    assert outcome.reasons == [Reason.DUPLICATE_IN_FILE]
    assert outcome.column("row")[:2] == [1, 3]


def test_the_history_as_a_web_page_is_explained() -> None:
    content = b"<html><body>Watched Ebb</body></html>"
    outcome = read({"t.zip": zipped({PATH.replace(".json", ".html"): content})})
    assert "choose JSON" in outcome.sentences[0]
