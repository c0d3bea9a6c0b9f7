"""Which plays of two sources are one, by what each of them knows of the time."""

from __future__ import annotations

import polars as pl
import pytest

from audiospective.imports import matching
from audiospective.imports.observations import NEEDS, spans

SECOND, MINUTE = 1_000, 60_000
T = 1_700_000_040_000  # a whole minute
SCHEMA = pl.Schema({"who": pl.Int32(), **dict.fromkeys(NEEDS, pl.Int64())})
Play = tuple[int, int | None, int | None, int, int | None, int | None]


def ended(at: float, *, who: int = 1, precision: int = SECOND, played: int | None = None,
          length: int | None = None) -> Play:  # fmt: skip
    """Seconds from T; Spotify and its exports tell the end."""
    return (who, None, cut(at, precision), precision, ms(played), ms(length))


def began(at: float, *, who: int = 1, precision: int = SECOND, played: int | None = None,
          length: int | None = None) -> Play:  # fmt: skip
    """Scrobblers tell the beginning."""
    return (who, cut(at, precision), None, precision, ms(played), ms(length))


def cut(at: float, precision: int) -> int:
    return (T + int(at * 1000)) // precision * precision


def ms(seconds: int | None) -> int | None:
    return None if seconds is None else seconds * 1000


def pairs(left: list[Play], right: list[Play]) -> list[tuple[int, int]]:
    return matching.match(frame(left), frame(right)).rows()


def frame(plays: list[Play]) -> pl.DataFrame:
    told = pl.DataFrame(plays, schema=SCHEMA, orient="row")
    return spans(told.with_columns(issue=pl.lit(None, pl.Int32)))


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (ended(0, precision=1), ended(0.4), True),
        (ended(0, precision=1), ended(89), True),
        (ended(0, precision=1), ended(92), False),
        (ended(0, precision=1), ended(0, who=2), False),
        (ended(140, precision=MINUTE), ended(140, played=180), True),
        (ended(140, precision=MINUTE), ended(0, played=180), False),
        (began(0), ended(180, played=180), True),
        (began(0), ended(180, length=180), True),
        (began(0, length=180), ended(180), True),
        (began(0), ended(180), True),
        (began(0), ended(900, length=900), True),
        (began(0), ended(900), True),
        (began(0), ended(1000), False),
        (began(0), ended(-95), False),
        (began(0, precision=MINUTE), ended(180, played=180), True),
        (began(59, precision=MINUTE), ended(180, played=121), True),
        (began(0, length=180), ended(95), True),  # skipped half way through
        (began(0, length=180), ended(600), False),
        (began(0, played=100), ended(100), True),
        (began(0, played=100), ended(200), False),
        (began(0), began(80), True),
        (began(0), began(95), False),
        (began(0, length=200), began(190, length=200), False),
        (began(0), ended(600, played=180), True),  # stood still for seven minutes
        (began(0), ended(1200, played=180), False),
    ],
)
def test_two_observations_of_a_track(one: Play, other: Play, same: bool) -> None:
    wanted = [(0, 0)] if same else []
    assert pairs([one], [other]) == wanted
    assert pairs([other], [one]) == wanted


@pytest.mark.parametrize("length", [31, 60, 180, 600, 900])
@pytest.mark.parametrize("precision", [SECOND, MINUTE])
@pytest.mark.parametrize("told", ["nothing", "length", "played"])
def test_plays_on_repeat_find_their_own(length: int, precision: int, told: str) -> None:
    facts = {"nothing": {}, "length": {"length": length}, "played": {"played": length}}[told]
    begins = [began(n * length, precision=precision) for n in range(20)]
    ends = [ended(n * length + length - 0.3, precision=1, **facts) for n in range(20)]
    assert pairs(begins, ends) == [(n, n) for n in range(20)]
    assert pairs(ends, begins) == [(n, n) for n in range(20)]


@pytest.mark.parametrize(
    ("ahead", "late", "same"),
    [
        ([0, 0, 0], 1, False),  # the last one is another play, whose end nobody tells
        ([1.5, 1.5, 1.5], 1, False),
        ([], 1, False),
        ([0], 2, True),  # a player whose clock is ahead by most of a minute
        ([], 2, True),
        ([0, 0], 2, False),
    ],
)
@pytest.mark.parametrize("length", [200, None])
def test_a_play_begins_after_its_end_only_where_clocks_differ(
    ahead: list[float], late: int, same: bool, length: int | None
) -> None:
    many = len(ahead)
    ends = [ended(200 + 400 * who, who=who, length=200) for who in range(many)]
    begins = [began(400 * who + more, who=who) for who, more in enumerate(ahead)]
    over = range(many, many + late)
    ends += [ended(400 * who, who=who, length=length) for who in over]
    begins += [began(400 * who + 25, who=who) for who in over]
    found = [(who, who) for who in range(many + late * same)]
    assert pairs(ends, begins) == pairs(begins, ends) == found


def test_a_play_on_repeat_that_one_side_lacks_hides_behind_no_other() -> None:
    ends = [ended(-4.6, length=780), ended(780, length=780)]
    begins = [began(0), began(785)]
    assert pairs(ends, begins) == [(1, 0)]
    assert pairs(begins, ends) == [(0, 1)]


def test_each_play_is_taken_once() -> None:
    assert pairs([ended(0), ended(30)], [ended(2)]) == [(0, 0)]
    assert pairs([ended(0), ended(30)], [ended(28)]) == [(1, 0)]
    assert pairs([ended(0)], [ended(1), ended(2), ended(3)]) == [(0, 0)]


@pytest.mark.parametrize(
    ("left", "right", "wanted"),
    [
        # The nearer one is of another issue.
        ([(0, 7)], [(5, 8), (60, 7)], [(0, 1)]),
        ([(5, 8), (60, 7)], [(0, 7)], [(1, 0)]),
        # More pairs would be found across issues.
        ([(0, 7), (80, 8)], [(-50, 7), (0, 7)], [(0, 1)]),
        ([(0, 7), (10, 8)], [(9, 7), (1, 8)], [(0, 0), (1, 1)]),
        # What has no row of its own issue takes what is left.
        ([(0, 7), (30, 8)], [(0, 7), (31, 9)], [(0, 0), (1, 1)]),
        ([(0, 7), (30, 8)], [(0, None), (30, None)], [(0, 0), (1, 1)]),
        ([(0, None), (30, 8)], [(1, 8), (2, None)], [(0, 1), (1, 0)]),
    ],
)
def test_plays_of_one_issue_are_paired_first(
    left: list[tuple[int, int | None]],
    right: list[tuple[int, int | None]],
    wanted: list[tuple[int, int]],
) -> None:
    sides = [
        frame([ended(at) for at, _ in side]).with_columns(
            issue=pl.Series([issue for _, issue in side], dtype=pl.Int32)
        )
        for side in (left, right)
    ]
    assert matching.match(*sides).rows() == wanted


def test_a_play_that_fits_as_it_is_goes_before_one_that_stood_still() -> None:
    paused, whole = ended(500, played=180), ended(185, played=180)
    assert pairs([began(0)], [paused, whole]) == [(0, 1)]


def test_nothing_matches_nothing() -> None:
    assert pairs([], [ended(0)]) == pairs([ended(0)], []) == pairs([], []) == []


def test_too_many_possible_pairs_are_paired_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    loop = [ended(n * 31, played=31) for n in range(50)]
    other = [ended(7, who=2)]
    monkeypatch.setattr(matching, "FEW", 60)
    assert pairs([*loop, *other], [*loop, *other]) == [(n, n) for n in range(51)]


def test_a_thousand_plays_at_one_instant_are_paired_one_to_one() -> None:
    crowd = [ended(0)] * 1000
    found = matching.match(frame(crowd), frame(crowd))
    assert found["left"].n_unique() == found["right"].n_unique() == 1000
