"""Figures of random archives against plain Python: zones of both hemispheres, leap days, years."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audiospective import clock, models
from audiospective.history import segment
from audiospective.history.catalog import lookup, polled
from audiospective.policy.counting import Counting, Measure
from audiospective.policy.plays import AlbumFacts, ArtistFacts, TrackFacts
from audiospective.stats import (
    activity,
    days,
    decades,
    eras,
    firsts,
    prepared_plays,
    rankings,
    repeats,
    sittings,
    skips,
    totals,
)
from audiospective.stats.figure_options import FigureOptions
from tests.stats.naive import Heard, Naive, Song

ZONES = ["UTC", "Europe/Berlin", "America/St_Johns", "Pacific/Auckland", "America/Santiago",
         "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia"]  # fmt: skip
RELEASED = ["1969-07-20", "2003-02", None, "1998"]  # as precise as Spotify knows
NAMES = ["Plain", "سماء بعيدة", "遠い海の記憶", "🦊🌧️", "x" * 300, "<b>&amp;</b>", "Zö́e"]
# Ends of years, leap days, nights in which clocks change on both sides of the equator.
EDGES = [datetime(2024, 2, 29, 11, tzinfo=UTC), datetime(2023, 12, 31, 22, tzinfo=UTC),
         datetime(2024, 3, 31, 0, 30, tzinfo=UTC), datetime(2024, 10, 27, 0, 30, tzinfo=UTC),
         datetime(2024, 4, 6, 13, 30, tzinfo=UTC), datetime(2024, 9, 28, 13, 30, tzinfo=UTC),
         datetime(2025, 2, 28, 12, tzinfo=UTC)]  # fmt: skip
SPANS = [(date(2024, 1, 1), date(2024, 12, 31)), (date(2024, 2, 1), date(2024, 2, 29)),
         (date(2024, 3, 25), date(2024, 3, 31)), (date(2023, 1, 1), date(2025, 12, 31)),
         (date(2024, 2, 29), date(2024, 2, 29))]  # fmt: skip

BEGIN, END = datetime(2023, 1, 1), datetime(2025, 12, 31)  # noqa: DTZ001 - hypothesis wants them so
instants = st.one_of(
    st.datetimes(BEGIN, END).map(
        lambda at: at.replace(tzinfo=UTC, microsecond=at.microsecond // 1000 * 1000)
    ),
    st.tuples(st.sampled_from(EDGES), st.integers(-6 * 3600, 6 * 3600)).map(
        lambda one: one[0] + timedelta(seconds=one[1])
    ),
)


@pytest.fixture
def songs(sqlite_database_url: str) -> Iterator[list[Song]]:
    """The catalog; figures know no database, so one kind of it is enough."""
    models.bind(sqlite_database_url)
    with models.database.connection_context():
        yield catalog()


def catalog() -> list[Song]:
    """Duets, albums that share artists, a track without album, one without length."""
    told = [
        TrackFacts(
            f"track{n:017d}",
            name,
            artists=tuple(
                ArtistFacts(f"artist{who:016d}", NAMES[who]) for who in {n % 4, (n * 2) % 5}
            ),
            album=AlbumFacts(f"album{n // 2:017d}", name, release_date=RELEASED[n // 2])
            if n != 5
            else None,
            duration_ms=None if n == 3 else 100_000 + 37_000 * n,
        )
        for n, name in enumerate(NAMES)
    ]
    ids = polled.remember(told)
    known = lookup.tracks(set(ids.values()))
    return [
        Song(one.id, one.album_id, tuple(who for who, _ in one.artists), one.duration_ms,
             facts.album and facts.album.release_date)
        for one, facts in ((known[ids[facts.spotify_id]], facts) for facts in told)
    ]  # fmt: skip


def archives(songs: list[Song]) -> st.SearchStrategy[list[Heard]]:
    """Plays in order, each key once; runs of one song among them."""
    heard = st.builds(
        Heard,
        instants,
        st.sampled_from(songs),
        st.one_of(st.none(), st.integers(0, 400_000)),
        st.sampled_from([None, True, False]),
        st.sampled_from([None, "trackdone", "fwdbtn"]),
    )
    runs = st.tuples(heard, st.integers(1, 7)).map(
        lambda run: [
            Heard(run[0].at + n * timedelta(minutes=4), run[0].song, run[0].ms, run[0].skipped)
            for n in range(run[1])
        ]
    )
    return st.lists(st.one_of(heard.map(lambda one: [one]), runs), max_size=14).map(
        lambda found: list(
            {
                (one.at, one.song.track): one
                for one in sorted((one for run in found for one in run),
                                  key=lambda one: (one.at, one.song.track))
            }.values()
        )
    )  # fmt: skip


def prepared(plays: list[Heard], options: FigureOptions) -> pl.DataFrame:
    rows = [
        {
            "played_at": clock.to_ms(one.at),
            "track": one.song.track,
            "source": 2,
            "ms_played": one.ms,
            "skipped": one.skipped,
            "reason_end": one.reason_end,
        }
        for one in plays
    ]
    return prepared_plays.prepare(segment.of(rows).select(prepared_plays.RAW), options)


def check(naive: Naive, frame: pl.DataFrame, span: tuple[date, date]) -> None:
    first, last = span
    before = (first - timedelta(days=40), first - timedelta(days=1))
    assert vars(totals.of(frame, *span)) == naive.totals(*span)
    for kind in ("track", "album", "artist"):
        found = rankings.of(frame, kind, span, before, 100)
        rows = [(one.one, one.plays, one.amount, one.was, one.new) for one in found]
        assert rows == naive.places(kind, *span, before)
        assert [one.rank for one in found] == list(range(1, len(found) + 1))
    assert activity.days(frame) == naive.by_day()
    assert activity.week_hours(frame, *span) == naive.week_hours(*span)
    new = firsts.discoveries(frame, *span, 100)
    assert {(one.artist, one.day, one.plays) for one in new} == naive.discoveries(*span)
    again = firsts.rediscoveries(frame, *span, 100)
    assert {(one.artist, one.day, one.away) for one in again} == naive.rediscoveries(*span)
    often = repeats.repeats(frame, *span, 100)
    assert {one.track: one.plays for one in often} == naive.repeats(*span, repeats.OFTEN)
    longest = days.longest(frame, *span)
    assert (longest and (longest.day, longest.plays, longest.heard)) == naive.longest(*span)
    same = days.on_this_day(frame, last)
    assert [(one.day, one.plays) for one in same] == naive.this_day(last)
    sat, expected = sittings.of(frame, *span), naive.sittings(*span)
    assert (sat.count, sum(sat.sizes)) == (len(expected), len(expected))
    best = max((length for length, _ in expected), default=timedelta())
    assert sat.longest == best // timedelta(milliseconds=1)
    told = skips.of(frame, *span)
    assert (told.known, told.skipped) == naive.skips(*span)
    dated = decades.of(frame, *span)
    assert {decade: amount for decade, amount in dated.amounts if amount} == naive.decades(*span)
    assert (dated.dated, dated.amount) == (
        sum(naive.decades(*span).values()), naive.totals(*span)["amount"],
    )  # fmt: skip
    assert [decade for decade, _ in dated.amounts][1:] == [
        decade + 10 for decade, _ in dated.amounts
    ][:-1]
    for era in eras.of(frame, *span, 8):
        artist = next(
            row for row in naive.ranked(naive.within(*span), "artist") if row[0] == era.artist
        )
        assert sum(era.amounts) == artist[2]
        assert first <= era.peak <= last


@pytest.mark.parametrize("measure", list(Measure))
def test_every_figure_is_what_plain_python_says(songs: list[Song], measure: Measure) -> None:
    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(archives(songs), st.sampled_from(ZONES), st.sampled_from(SPANS))
    def compare(plays: list[Heard], zone: str, span: tuple[date, date]) -> None:
        frame = prepared(plays, FigureOptions(1, zone, Counting(measure=measure)))
        check(Naive(plays, zone, by_time=measure is Measure.TIME), frame, span)

    compare()


def test_figures_of_no_play_and_of_one_are_what_plain_python_says(songs: list[Song]) -> None:
    for heard in ([], [Heard(EDGES[0], songs[1], None)]):
        for zone, span in zip(ZONES, SPANS * 2, strict=False):
            check(Naive(heard, zone, by_time=False), prepared(heard, FigureOptions(1, zone)), span)


def test_a_favourite_is_forgotten_after_half_a_year(songs: list[Song]) -> None:
    start = datetime(2024, 1, 10, 12, tzinfo=UTC)
    heard = [Heard(start + n * timedelta(hours=1), songs[0], None) for n in range(25)]
    heard += [Heard(start + timedelta(days=30 + n), songs[5], None) for n in range(25)]
    heard += [Heard(start + timedelta(days=150), songs[2], None)]
    frame, naive = prepared(heard, FigureOptions(1)), Naive(heard, "UTC", by_time=False)
    for today in (date(2024, 7, 8), date(2024, 7, 9), date(2024, 9, 1), date(2025, 3, 1)):
        found = firsts.forgotten(frame, today, 10)
        expected = naive.forgotten(today, firsts.FAVOURITE)
        assert {(one.artist, one.plays, one.last) for one in found} == expected
    assert naive.forgotten(date(2025, 3, 1), 20)
