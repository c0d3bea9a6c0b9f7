"""The portrait of a track, artist or album, next to a naive reference in plain Python."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, timedelta
from itertools import pairwise

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audiospective.history.catalog import frames
from audiospective.stats import portrait, prepared_plays
from audiospective.stats.year_places import YearPlace

ALBUM = {1: 10, 2: 10, 3: 11, 4: None}
CREDITS = {1: [20], 2: [20, 21], 3: [21], 4: []}
START = datetime.fromisoformat("2023-12-28T22:00:00")


@pytest.fixture(autouse=True)
def _catalog(monkeypatch: pytest.MonkeyPatch) -> None:
    """Four tracks with their credits and albums, without a database."""
    rows = [(track, who) for track, everybody in CREDITS.items() for who in everybody]
    credited = pl.DataFrame(rows, schema=frames.CREDITS, orient="row")

    def everybody(tracks: pl.Series) -> pl.DataFrame:
        wanted = tracks.unique().alias("track").to_frame()
        return credited.join(wanted, on="track", how="semi")

    albums = pl.DataFrame(list(ALBUM.items()), schema=["track", "album"], orient="row").cast(
        pl.Int32
    )

    def of(tracks: pl.Series) -> pl.DataFrame:
        return albums.join(tracks.unique().alias("track").to_frame(), on="track", how="semi")

    monkeypatch.setattr(frames, "everybody", everybody)
    monkeypatch.setattr(frames, "of", of)


def prepared(rows: list[dict[str, object]]) -> pl.DataFrame:
    ordered = sorted(rows, key=lambda row: (row["local"], row["track"]))
    full = [
        {
            **row,
            "played_at": row["local"],
            "day": row["local"].date(),
            "own": row["track"] + 100,
            "album": ALBUM[row["track"]],
            "artist": (CREDITS[row["track"]] or [None])[0],
            "told": True,
            "source": 2,
        }
        for row in ordered
    ]
    frame = pl.DataFrame(full, schema={**prepared_plays.SCHEMA, "played_at": pl.Datetime("ms")})
    return frame.with_columns(pl.col("played_at").dt.replace_time_zone("UTC"))


ROW = st.fixed_dictionaries(
    {
        "local": st.integers(0, 900).map(lambda hours: START + timedelta(hours=hours * 17)),
        "track": st.sampled_from(list(ALBUM)),
        "heard": st.integers(0, 9),
        "amount": st.integers(0, 3),
        "skipped": st.sampled_from([None, True, False]),
        "finished": st.sampled_from([None, True, False]),
    }
)
SUBJECT = st.sampled_from([("track", 1), ("track", 4), ("artist", 20), ("artist", 21),
                           ("album", 10), ("album", 11), ("artist", 9)])  # fmt: skip


def belongs(track: int, kind: str, one: int) -> bool:
    if kind == "track":
        return track == one
    return one in CREDITS[track] if kind == "artist" else ALBUM[track] == one


def everyone(track: int, kind: str) -> list[int | None]:
    return CREDITS[track] if kind == "artist" else [track if kind == "track" else ALBUM[track]]


@given(st.lists(ROW, max_size=30), SUBJECT)
def test_it_is_what_a_naive_reference_says(rows, subject):
    kind, one = subject
    found = portrait.of(prepared(rows), kind, one)
    own = [row for row in rows if belongs(row["track"], kind, one)]
    if not own:
        assert found is None
        return
    assert found is not None
    days = Counter(row["local"].date() for row in own)
    assert (found.plays, found.days) == (len(own), len(days))
    assert found.most == min(days.items(), key=lambda item: (-item[1], item[0]))
    assert found.amount == sum(row["amount"] for row in own)
    assert found.heard == sum(row["heard"] for row in own)
    ordered = sorted(own, key=lambda row: (row["local"], row["track"]))
    assert (found.first[1], found.last[1]) == (
        ordered[0]["track"] + 100,
        ordered[-1]["track"] + 100,
    )
    assert found.first[0].replace(tzinfo=None) == ordered[0]["local"]
    months = Counter()
    hours, weekdays = Counter(), Counter()
    for row in own:
        months[row["local"].date().replace(day=1)] += row["amount"]
        hours[row["local"].hour] += row["amount"]
        weekdays[row["local"].weekday()] += row["amount"]
    assert {month: value for month, value in found.months if value} == {
        month: value for month, value in months.items() if value
    }
    assert found.months[0][0] == min(months)
    assert found.months[-1][0] == max(months)
    assert [month for month, _ in found.months] == sorted(month for month, _ in found.months)
    assert found.hours == tuple(hours[hour] for hour in range(24))
    assert found.weekdays == tuple(weekdays[day] for day in range(7))
    told = [row["skipped"] for row in own if row["skipped"] is not None]
    assert (found.skipped, found.skip_told) == (sum(told), len(told))
    ends = [row["finished"] for row in own if row["finished"] is not None]
    assert (found.finished, found.end_told) == (sum(ends), len(ends))
    everything = sum(row["amount"] for row in rows)
    assert found.share == pytest.approx(found.amount / everything if everything else 0)
    assert found.place == place(rows, kind, one)
    years = sorted({row["local"].year for row in own})
    assert found.years == tuple(
        YearPlace(
            year,
            sum(row["amount"] for row in own if row["local"].year == year),
            place([row for row in rows if row["local"].year == year], kind, one),
        )
        for year in years
    )
    parts = Counter()
    for row in own:
        parts[row["track"]] += row["amount"]
    if kind != "track":
        assert {part.one: part.amount for part in found.tracks} == dict(parts)
        amounts = [part.amount for part in found.tracks]
        assert amounts == sorted(amounts, reverse=True)
    if kind == "artist":
        albums = {ALBUM[track] for track in parts} - {None}
        assert {part.one for part in found.albums} == albums
    assert found.silence == silence(sorted(days))


def place(rows, kind, one):
    totals = Counter()
    for row in rows:
        for other in everyone(row["track"], kind):
            if other is not None:
                totals[other] += row["amount"]
    return 1 + sum(value > totals[one] for value in totals.values())


def silence(days: list[date]):
    pairs = list(pairwise(days))
    if not pairs:
        return None
    longest = max(pairs, key=lambda pair: (pair[1] - pair[0], pair[1]))
    return longest if longest[1] - longest[0] >= portrait.SILENCE else None
