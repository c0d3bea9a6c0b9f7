"""A portrait from plays as they are stored is the one from prepared plays."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audiospective.history import segment
from audiospective.history.catalog import frames
from audiospective.policy.counting import Counting, Measure, Rule
from audiospective.stats import portrait, prepared_plays, unprepared_portrait
from audiospective.stats.figure_options import FigureOptions

TRACKS = [(1, 10, 20, 1000), (2, 10, 20, None), (3, 11, 21, 5), (4, None, None, None)]
CREDITS = [(1, 20), (2, 20), (2, 21), (3, 21)]
START = datetime(2023, 12, 31, 10, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _catalog(monkeypatch: pytest.MonkeyPatch) -> None:
    """Four tracks without a database; a fifth is not in the catalog."""

    def among(known: pl.DataFrame, tracks: pl.Series) -> pl.DataFrame:
        return known.join(tracks.unique().alias("track").to_frame(), on="track", how="semi")

    of = pl.DataFrame(TRACKS, schema=frames.TRACKS, orient="row")
    credited = pl.DataFrame(CREDITS, schema=frames.CREDITS, orient="row")
    monkeypatch.setattr(frames, "of", lambda tracks: among(of, tracks))
    monkeypatch.setattr(frames, "everybody", lambda tracks: among(credited, tracks))


ROW = st.fixed_dictionaries(
    {
        "hours": st.integers(0, 30) | st.integers(0, 900).map(lambda n: n * 29),
        "track": st.integers(1, 5),
        "source": st.sampled_from([1, 2, 3]),
        "ms_played": st.none() | st.integers(0, 9),
        "reason_end": st.sampled_from([None, "trackdone", "fwdbtn"]),
        "skipped": st.sampled_from([None, True, False]),
    }
)
OPTIONS = st.builds(
    FigureOptions,
    st.just(1),
    st.sampled_from(["Europe/Berlin", "Pacific/Kiritimati", "America/St_Johns"]),
    hidden=st.sampled_from([frozenset(), frozenset({21}), frozenset({20})]),
    polled=st.booleans(),
)
SUBJECT = st.sampled_from([("track", 1), ("track", 2), ("track", 5), ("artist", 20), ("artist", 21),
                           ("artist", 9), ("album", 10), ("album", 11)])  # fmt: skip
SAME = st.sampled_from([[], [(2, 1)], [(1, 3)], [(3, 2), (5, 2)]])  # (track, recording)


@settings(max_examples=40)
@given(st.lists(ROW, max_size=30), OPTIONS, SAME, SUBJECT)
def test_it_is_the_one_from_prepared_plays(rows, options, same, subject):
    plays = [
        {**row, "played_at": int((START + timedelta(hours=row["hours"])).timestamp() * 1000)}
        for row in rows
    ]
    raw = segment.merge([segment.of(plays)]).select(prepared_plays.RAW)
    recordings = pl.DataFrame(same, schema={"track": pl.Int32, "recording": pl.Int32}, orient="row")
    prepared = prepared_plays.prepare(raw, options, recordings)
    assert unprepared_portrait.serves(options)
    found = unprepared_portrait.of(raw, options, recordings, *subject, 30)
    assert found == portrait.of(prepared, *subject, 30)


@pytest.mark.parametrize("rule", list(Rule))
@pytest.mark.parametrize("measure", list(Measure))
def test_it_serves_where_every_play_counts_as_one(rule: Rule, measure: Measure) -> None:
    options = FigureOptions(1, counting=Counting(rule, measure))
    assert unprepared_portrait.serves(options) == (rule is Rule.ALL and measure is Measure.PLAYS)
