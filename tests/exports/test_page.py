"""The page of a bundle, opened from a disk in Chromium as its owner would."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from playwright.sync_api import Page, expect

from audiospective import clock, history
from audiospective.exports.bundle import completeness, counting, page
from audiospective.history import recordings, segment
from audiospective.history.catalog import lookup
from audiospective.models import HiddenArtist, User
from audiospective.models.coverage import Coverage
from audiospective.models.gaps import Gap
from audiospective.policy import in_words
from audiospective.policy.counting import RULES, Counting, Measure, Rule
from audiospective.stats import activity, days, portrait, prepared_plays, tops, totals
from audiospective.stats.figure_options import FigureOptions
from tests.browser import axe
from tests.exports.making import NOW, OWNER, archive, imported, polled, song, taken
from tests.support.browser import OpenPage
from tests.support.firefox import firefox

pytestmark = pytest.mark.usefixtures("sqlite_database")

ZONE = OWNER.zone
VIEWS = ("", "history", "top/artist/all", "top/album/2024", "top/track/2024-05", "year/2024",
         "artist/1", "album/1", "track/3", "history?q=nothing+at+all", "nowhere")  # fmt: skip
Opened = Callable[..., Page]
ELSEWHERE = "https://archive.example"
UNTIL = """
done => {
  const look = () => document.documentElement.classList.contains("opened")
    && document.getElementById("view").dataset.shown === %s ? done() : requestAnimationFrame(look);
  look();
}
"""


@pytest.fixture
def sqlite_database(sqlite_database_url: str) -> Any:
    from audiospective import models

    models.bind(sqlite_database_url)
    with models.database.connection_context():
        yield models.database


def many(plays: int, tracks: int = 300) -> int:
    """A member with so many plays over four years, unevenly over tracks, days and hours."""
    songs = []
    for n in range(tracks):
        guest = [f"Guest {n % 5}"] if n % 7 == 0 else []
        album = None if n % 11 == 0 else f"Album {n % 60}"
        length = None if n % 50 == 0 else 180_000 + n
        songs.append(song(f"Song {n}", f"Artist {n % 37}", *guest, album=album, duration_ms=length))
    index = pl.int_range(plays, eager=True)
    step = timedelta(days=4 * 365) // plays // timedelta(milliseconds=1)
    first = clock.to_ms(datetime(2022, 11, 20, tzinfo=UTC))
    frame = pl.DataFrame(
        {
            "played_at": first + index * step + (index * 7919) % 3_600_000,
            "track": pl.Series(songs, dtype=pl.Int32).gather((index * index + index // 3) % tracks),
            "source": pl.Series([2], dtype=pl.Int8).new_from_index(0, plays),
            "ms_played": pl.select(pl.when(index % 3 == 0).then(None).otherwise(index % 250_000))
            .to_series()
            .cast(pl.Int32),
        }
    )
    missing = [pl.lit(None, kind).alias(n) for n, kind in segment.SCHEMA.items() if n not in frame]
    whole = frame.with_columns(missing).select(segment.COLUMNS).cast(segment.SCHEMA)
    user_id = archive()
    history.absorb(user_id, whole)
    Coverage.create(user=user_id, started_at=datetime(2023, 1, 1, tzinfo=UTC), ended_at=NOW)
    for start, end in (((2024, 5, 2, 3), (2024, 5, 4, 9)), ((2026, 2, 1, 17), (2026, 2, 1, 21))):
        Gap.create(
            user=user_id,
            started_at=datetime(*start, tzinfo=UTC),
            probably_from=datetime(*start, tzinfo=UTC),
            ended_at=datetime(*end, tzinfo=UTC),
            cause="outage",
            certainty="possible",
            opened_at=datetime(*end, tzinfo=UTC),
        )
    return user_id


def write(user_id: int, folder: Path, *, statistics: bool = True, inside: int = 10**9) -> Path:
    snapshot = taken(user_id, folder)
    known = completeness.known(snapshot)
    pieces, data = page.render(
        snapshot,
        known,
        [],
        statistics=statistics,
        limit=inside,
        counted=counting.of(User.get_by_id(user_id)),
    )
    file = folder / "index.html"
    file.write_text("".join(pieces), "utf-8")
    for path, _, content in data.beside:
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(content)
    return file


@pytest.fixture
def opened(open_page: OpenPage) -> Opened:
    """Opens a page from the disk and waits until it can be searched; `modes` as in open_page."""

    def run(file: Path, *modes: str) -> Page:
        shown = open_page(*modes)
        requests: list[str] = []
        shown.on("request", lambda request: requests.append(request.url))
        shown.goto(file.as_uri())
        shown.wait_for_selector("html.opened", timeout=60_000)
        shown.locator("#opening").wait_for(state="hidden")
        outside = [url for url in requests if not url.startswith(("file:", "data:"))]
        assert outside == []
        return shown

    return run


def go(shown: Page, view: str) -> None:
    address = shown.evaluate("view => { location.hash = '#/' + view; return location.hash }", view)
    there = "address => document.getElementById('view').dataset.shown === address"
    shown.wait_for_function(there, arg=address)


def number(text: str | None) -> int:
    return int("".join(one for one in text or "" if one.isdigit()))


def prepared(
    user_id: int,
    rule: Rule = Rule.ALL,
    hidden: frozenset[int] = frozenset(),
    measure: Measure = Measure.PLAYS,
) -> Any:
    """The plays of which the site makes its figures."""
    options = FigureOptions(user_id, ZONE, Counting(rule, measure), hidden=hidden)
    return prepared_plays.prepare(history.frame(user_id, columns=prepared_plays.RAW), options)


def figures_are_the_sites(shown: Page, plays: pl.DataFrame, *, by_time: bool = False) -> None:
    def worded(amounts: Iterable[int]) -> list[str]:
        said = in_words.duration if by_time else "{:,}".format
        return [said(amount) for amount in amounts]

    def texts(selector: str) -> list[str]:
        found = shown.locator(selector).all_inner_texts()
        return [" ".join(text.split()).removesuffix(" plays") for text in found]

    hours = round(int(plays["heard"].sum()) / 3.6e6)
    expect(shown.locator(".masthead")).to_contain_text(f"{hours:,} hours")
    years = plays.group_by(year=pl.col("day").dt.year()).agg(pl.col("amount").sum()).sort("year")
    assert texts(".drawer .plate span") == worded(years["amount"])
    assert texts("#overview .ranking .count") == worded(tops.top(plays, "artist", 10)["amount"])
    for kind, name in (("artist", lookup.artists), ("track", None), ("album", lookup.albums)):
        go(shown, f"top/{kind}/all")
        expected = tops.top(plays, kind, 50)
        named = name(expected["id"].to_list()) if name else lookup.tracks(expected["id"].to_list())
        titles = [
            named[one].title if kind == "track" else named[one].name for one in expected["id"]
        ]
        assert shown.locator("#view .ranking .title").all_inner_texts() == titles
        assert texts("#view .ranking .count") == worded(expected["amount"])

    year = date(2024, 1, 1), date(2024, 12, 31)
    sums = totals.of(plays, *year)
    go(shown, "year/2024")
    figures = [number(text) for text in shown.locator(".figure").all_inner_texts()[:4]]
    assert figures == [sums.plays, round(sums.heard / 3.6e6), sums.tracks, sums.artists]
    assert f"{sums.new_artists} heard first" in shown.locator(".figures").inner_text()

    tables = shown.locator(".as-table")
    for at in range(tables.count()):
        tables.nth(at).locator("summary").click()
        tables.nth(at).locator("tbody td").first.wait_for()  # they are filled once they are open
    assert texts(".thirds-year .as-table tbody td") == worded(activity.hours(plays, *year))
    own = prepared_plays.within(plays, *year)
    amounts = [amount for _, amount in sorted(activity.days(own).items()) if amount]
    assert texts(".part:has(.heatmap) tbody td") == worded(amounts)
    longest = days.longest(plays, *year)
    assert longest is not None
    last = shown.locator(".part", has=shown.locator(".lanes"))
    expect(last).to_contain_text(f"{longest.day.day}\xa0{longest.day:%b}, from beginning to end")
    expect(last).to_contain_text(f"{longest.plays:,}\xa0play")

    one = int(tops.top(plays, "artist", 2)["id"][1])
    drawn = portrait.of(plays, "artist", one)
    assert drawn is not None
    go(shown, "top/artist/all")
    shown.locator("#view .ranking a").nth(1).click()
    shown.locator("#view .slip").wait_for()
    shown.locator(".as-table summary").first.click()
    shown.locator(".as-table tbody td").first.wait_for()
    assert texts(".as-table tbody td") == worded(amount for _, amount in drawn.months)
    expect(shown.locator(".slip")).to_contain_text("2 of ")


def test_figures_of_two_hundred_thousand_plays_are_the_sites(
    opened: Opened, tmp_path: Path
) -> None:
    user_id = many(200_000)
    shown = opened(write(user_id, tmp_path))
    plays = prepared(user_id)
    expect(shown.locator(".masthead")).to_contain_text("200,000 plays")
    figures_are_the_sites(shown, plays)

    go(shown, "history?q=song+17")
    named = lookup.tracks(set(plays["track"])).values()
    wanted = [one.id for one in named if "Song 17" in one.title]
    assert len(wanted) > 1
    heard = plays.filter(pl.col("track").is_in(wanted)).height
    expect(shown.locator("#results [role=status]")).to_contain_text(f"{heard:,} plays match")


@pytest.mark.parametrize(("rule", "inside"), [(Rule.HALF, 10**9), (Rule.COMPLETED, 10)])
def test_figures_follow_the_rule_and_leave_out_hidden_artists(
    opened: Opened, tmp_path: Path, rule: Rule, inside: int
) -> None:
    user_id = many(3_000)
    hidden = int(tops.top(prepared(user_id), "artist", 3)["id"][1])
    HiddenArtist.create(user=user_id, artist=hidden, hidden_at=clock.now())
    User.update(counting_rule=rule).execute()
    plays = prepared(user_id, rule, frozenset({hidden}))
    shown = opened(write(user_id, tmp_path, inside=inside))
    expect(shown.locator(".masthead")).to_contain_text("3,000 plays")
    expect(shown.locator("#overview")).to_contain_text(f"Figures count plays {RULES[rule]}")
    assert 0 < plays.height < 2_500
    figures_are_the_sites(shown, plays)
    go(shown, "history")
    expect(shown.locator("#results [role=status], #view .lead").first).to_contain_text("3,000")


def test_figures_of_a_member_who_counts_by_time_are_times(opened: Opened, tmp_path: Path) -> None:
    user_id = many(3_000)
    User.update(counting_rule=Rule.SECONDS, counting_measure=Measure.TIME).execute()
    plays = prepared(user_id, Rule.SECONDS, measure=Measure.TIME)
    by_plays = tops.top(prepared(user_id, Rule.SECONDS), "track", 10)["id"].to_list()
    assert tops.top(plays, "track", 10)["id"].to_list() != by_plays
    shown = opened(write(user_id, tmp_path))
    expect(shown.locator("#overview")).to_contain_text("30 seconds or more, by time heard")
    figures_are_the_sites(shown, plays, by_time=True)


def test_tracks_that_are_one_recording_count_as_one(opened: Opened, tmp_path: Path) -> None:
    """As on the site: by themselves where they share an ISRC, or because the member said so."""
    single, remaster = (
        song("Slack Water", "Harbour Lights", album=name, isrc="QZES11234567")
        for name in ("Single", "Tides")
    )
    live, other = song("Live", "Harbour Lights"), song("Other", "Odd Lots")
    days = iter(datetime(2025, 5, day, tzinfo=UTC) for day in range(1, 20))
    counts = ((single, 3), (remaster, 1), (live, 2), (other, 5))
    plays = [polled(next(days), track) for track, count in counts for _ in range(count)]
    user_id = archive(*plays)
    assert recordings.merge(user_id, live, single)
    shown = opened(write(user_id, tmp_path))
    go(shown, "top/track/all")
    expect(shown.locator("#view .ranking .count")).to_have_count(2)
    counted = shown.locator("#view .ranking .count").all_inner_texts()
    assert [number(text) for text in counted] == [6, 5]
    shown.locator("#view .ranking a").first.click()
    expect(shown.locator("#view")).to_contain_text("6 plays, most in")
    go(shown, "history?q=live")
    expect(shown.locator("#results [role=status]")).to_contain_text("2 plays match")


def test_every_view_is_whole_in_every_light_and_on_a_small_phone(
    opened: Opened, tmp_path: Path
) -> None:
    file = write(many(3_000), tmp_path)
    for mode in ("light", "dark"):
        shown = opened(file, mode)
        for view in VIEWS:
            go(shown, view)
            rules = axe.CONTRAST if mode == "dark" else None
            assert axe.violations(shown, of=rules) == [], (mode, view)
    shown = opened(file, "narrow")
    for view in VIEWS:
        go(shown, view)
        wide, room = shown.evaluate(
            "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
        )
        assert wide <= room, view


def test_it_can_be_used_by_keyboard_alone(opened: Opened, tmp_path: Path) -> None:
    shown = opened(write(many(2_000), tmp_path))
    shown.keyboard.press("/")
    expect(shown.locator("#q")).to_be_focused()
    shown.keyboard.type("song 12")
    expect(shown.locator("#results [role=status]")).to_contain_text("match")
    expect(shown).to_have_url(re.compile(r"q=song\+12"))
    while shown.evaluate("document.activeElement.className") != "month heat-1":
        shown.keyboard.press("Tab")
    shown.keyboard.press("Enter")
    expect(shown.locator("#view h1")).to_be_focused()
    assert "from=" in shown.url
    shown.go_back()
    expect(shown.locator("#q")).to_have_value("song 12")


def test_gaps_stand_where_they_are(opened: Opened, tmp_path: Path) -> None:
    shown = opened(write(many(2_000), tmp_path))
    expect(shown.locator(".gap-list li")).to_have_count(2)
    go(shown, "history?from=2024-05-01&to=2024-05-05")
    expect(shown.locator(".gap-row")).to_contain_text("Not known. Spotify did not answer: 2 days.")
    go(shown, "year/2024")
    assert shown.locator(".ribbon .gap").count() == 1
    assert shown.locator(".heatmap .gap").count() == 3
    go(shown, "history?q=zzz&from=2024-05-03&to=2024-05-03")
    expect(shown.locator(".empty")).to_contain_text("A part of this time is not known")


def test_years_beside_the_page_are_read_one_after_the_other(opened: Opened, tmp_path: Path) -> None:
    user_id = many(4_000)
    shown = opened(write(user_id, tmp_path, inside=100))
    go(shown, "top/track/all")
    ranked = tops.top(history.frame(user_id, columns=["played_at", "track"]), "track", 50)
    counts = [number(text) for text in shown.locator("#view .ranking .count").all_inner_texts()]
    assert counts == ranked["plays"].to_list()


def test_a_year_that_is_not_beside_the_page_is_said(
    open_page: OpenPage, gate: Any, tmp_path: Path
) -> None:
    gate.allow("ERR_FILE_NOT_FOUND")
    file = write(many(1_000), tmp_path, inside=100)
    (tmp_path / "data/plays-2024.js").unlink()
    shown = open_page()
    shown.goto(file.as_uri())
    expect(shown.locator("#opening")).to_contain_text("data/plays-2024.js is not beside this page")
    expect(shown.locator(".masthead")).to_contain_text("1,000 plays")


def test_a_hostile_name_is_only_ever_text(opened: Opened, tmp_path: Path) -> None:
    name = '<img src=x onerror="document.title=1"></script>&amp;'
    at = datetime(2025, 1, 1, 12, tzinfo=UTC)
    odd = song(name, name, album=name)
    shown = opened(write(archive(polled(at, odd), imported(at.replace(hour=13), odd)), tmp_path))
    for view in ("", "history", "top/track/all", "year/2025", "track/0", "artist/0", "album/0"):
        go(shown, view)
        assert shown.locator("img").count() == 0
        assert name in shown.locator("main").inner_text()


def test_without_script_the_overview_is_whole(open_page: OpenPage, tmp_path: Path) -> None:
    shown = open_page("no-js")
    shown.goto(write(many(2_000), tmp_path).as_uri())
    expect(shown.locator(".drawer")).to_have_count(5)
    expect(shown.locator(".ranking li")).to_have_count(10)
    expect(shown.get_by_text("need JavaScript")).to_be_visible()
    expect(shown.get_by_role("link", name="History")).to_have_count(0)


def test_without_statistics_it_shows_plays_and_gaps_only(opened: Opened, tmp_path: Path) -> None:
    shown = opened(write(many(1_000), tmp_path, statistics=False))
    expect(shown.get_by_role("link", name="Most played")).to_have_count(0)
    expect(shown.locator(".clock")).to_have_count(0)
    for view in ("top/artist/all", "year/2024", "artist/1"):
        go(shown, view)
        expect(shown.locator("#view h1")).to_have_text("Not in this archive")
    go(shown, "history")
    expect(shown.locator(".play").first).to_be_visible()


def test_an_empty_archive_opens_too(opened: Opened, tmp_path: Path) -> None:
    shown = opened(write(archive(), tmp_path))
    for view in ("history", "top/artist/all", "year/2024", "track/0"):
        go(shown, view)
    expect(shown.locator("#view")).to_contain_text("Not in this archive")


@pytest.mark.races
def test_firefox_opens_it_from_a_disk_and_shows_the_same(tmp_path: Path) -> None:
    user_id = many(3_000)
    plays = prepared(user_id)
    file = write(user_id, tmp_path)
    asking = tmp_path / "asking.html"
    asking.write_text(f'<img src="{ELSEWHERE}/">')
    with firefox(tmp_path) as other:
        other.go(file.as_uri())

        def texts(view: str, selector: str) -> list[str]:
            other.run(f"() => {{ location.hash = '#/{view}' }}")
            other.run(f"() => new Promise({UNTIL % json.dumps('#/' + view)})")
            found = f"() => [...document.querySelectorAll('{selector}')].map(one => one.innerText)"
            return list(other.run(found))

        for kind in tops.KINDS:
            counts = [number(text) for text in texts(f"top/{kind}/all", "#view .count")]
            assert counts == tops.top(plays, kind, 50)["plays"].to_list()
        sums = totals.of(plays, date(2024, 1, 1), date(2024, 12, 31))
        figures = [number(text) for text in texts("year/2024", ".figure")[:4]]
        assert figures == [sums.plays, round(sums.heard / 3.6e6), sums.tracks, sums.artists]
        named = lookup.tracks(set(plays["track"])).values()
        wanted = [one.id for one in named if "Song 17" in one.title]
        heard = plays.filter(pl.col("track").is_in(wanted)).height
        (said,) = texts("history?q=song+17", "#results [role=status]")
        assert said.startswith(f"{heard:,}\xa0plays match")
        assert [url for url in other.requests if not url.startswith("data:")] == []
        assert other.complaints == []
        other.go(asking.as_uri())  # it would have been seen
        other.run("() => document.images[0].decode().catch(() => null)")
        assert f"{ELSEWHERE}/" in other.requests
