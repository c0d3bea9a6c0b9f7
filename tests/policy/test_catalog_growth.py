"""New tracks come ever more rarely: the curve of a catalog, and how it is found."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audiospective.policy.catalog_growth import PUBLISHED, Curve, fitted


@pytest.mark.parametrize(
    ("plays", "tracks"),
    [(19_150_000, 1_080_000), (27_400_000, 1_360_000), (109_500_000, 3_350_000)],
)
def test_the_published_shape_is_that_of_the_public_data(plays: int, tracks: int) -> None:
    assert PUBLISHED.tracks(plays) == pytest.approx(tracks, rel=0.01)


def test_there_are_never_more_tracks_than_plays() -> None:
    assert PUBLISHED.tracks(10) == 10
    assert PUBLISHED.tracks(0) == 0


def test_before_anything_is_known_the_published_shape_counts() -> None:
    assert fitted([]) == PUBLISHED
    assert fitted([(50, 40)]) == PUBLISHED


def test_one_point_moves_the_published_shape_there() -> None:
    curve = fitted([(10_000, 2_000)])
    assert curve.exponent == PUBLISHED.exponent
    assert curve.tracks(10_000) == pytest.approx(2_000)


@given(
    exponent=st.floats(0.35, 0.95),
    scale=st.floats(0.5, 20),
    months=st.integers(12, 30),
    ahead=st.floats(1.5, 4),
)
def test_a_catalog_that_was_watched_is_foretold(
    exponent: float, scale: float, months: int, ahead: float
) -> None:
    real = Curve(scale, exponent)
    points = [(month * 20_000.0, real.tracks(month * 20_000)) for month in range(1, months + 1)]
    plays = points[-1][0] * ahead
    assert fitted(points).tracks(plays) == pytest.approx(real.tracks(plays), rel=0.2)


def test_the_later_months_count() -> None:
    """A bend that flattens is followed, not averaged over all time."""
    early = [(n * 1_000.0, Curve(1, 0.95).tracks(n * 1_000)) for n in range(1, 6)]
    start = early[-1]
    late = Curve(1, 0.5).through(*start)
    points = early + [(n * 5_000.0, late.tracks(n * 5_000)) for n in range(2, 30)]
    assert fitted(points).exponent == pytest.approx(0.5, abs=0.06)
