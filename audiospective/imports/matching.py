"""Pairs the plays of two frames that are one, by the rules of `policy/matching`."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby, pairwise
from operator import itemgetter

import polars as pl

from audiospective.imports.observations import SPANS
from audiospective.policy.matching import (
    DRIFT,
    EQUAL,
    FEW,
    LATE,
    NEAR,
    clocks_differ,
    in_order,
    pair_up,
)
from audiospective.policy.timing import SECOND

PAIRS = pl.Schema({"left": pl.UInt32(), "right": pl.UInt32()})
_BOX = ("began_from", "began_to", "ended_from", "ended_to")
_WIDTHS = (0, 3 * DRIFT, 12 * DRIFT, 40 * DRIFT, 1 << 40)  # ms; looked up together within a class
_EXACT = DRIFT // 2 + SECOND  # ms; spans of instants that are known to the second are no wider
_ROOM = 1 << 41  # ms: more than all time that imports accept, so every track has its own stretch


def match(left: pl.DataFrame, right: pl.DataFrame) -> pl.DataFrame:
    """Which rows of `left` and `right` are one play, as row numbers; each row at most once.

    Both have `who` and `issue` (32 bits, see identity.same) and the columns that
    `observations.spans` takes and adds; `exact` plays of the left side match only where the
    instants are equal. First what is of one issue is paired; of the rest, everything that fits as
    it is; then plays that may have stood still in the middle: one side knows the beginning, the
    other the end and the time heard.
    """
    left, right = _ordered(left), _ordered(right)
    found, near = _paired(_issues(left), _issues(right), 0)
    more, near = _paired(*_rest(left, right, found), near)
    found = pl.concat([found, more])
    begins = pl.col("ended").is_null()
    ends = pl.col("began").is_null() & pl.col("played").is_not_null()
    for of_left, of_right in ((begins, ends), (ends, begins)):
        rest, others = _rest(left.filter(of_left), right.filter(of_right), found)
        more, _ = _paired(_paused(rest), _paused(others), near)
        found = pl.concat([found, more])
    rows = found.select(
        left=left["row"].gather(found["left"]), right=right["row"].gather(found["right"])
    )
    return rows.sort("left")


def _ordered(plays: pl.DataFrame) -> pl.DataFrame:
    """Places are in the order of time within a track."""
    return (
        plays.select("who", "issue", "began", "ended", "played", "exact", *SPANS)
        .with_row_index("row")
        .sort("who", pl.coalesce("ended_at", "began_at"), "row")
        .with_row_index("place")
    )


def _issues(plays: pl.DataFrame) -> pl.DataFrame:
    return plays.filter(pl.col("issue").is_not_null()).with_columns(who="issue")


def _rest(
    left: pl.DataFrame, right: pl.DataFrame, found: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Both without the places that are paired."""
    if found.is_empty():
        return left, right
    return (
        left.join(found, left_on="place", right_on="left", how="anti"),
        right.join(found, left_on="place", right_on="right", how="anti"),
    )


def _paused(plays: pl.DataFrame) -> pl.DataFrame:
    return plays.with_columns(began_from="paused_from", ended_to="paused_to")


def _paired(left: pl.DataFrame, right: pl.DataFrame, near: int) -> tuple[pl.DataFrame, int]:
    """Pairs of places; and how many tell that the clocks of both sides agree, with the `near` ones
    that were found before.
    """
    left, right = _shared(left, right), _shared(right, left)
    width = pl.col("ended_to") - pl.col("ended_from")
    light, heavy = [], []
    for narrow, wide in pairwise(_WIDTHS):
        like = right.filter((width >= narrow) & (width < wide))
        if left.is_empty() or like.is_empty():
            continue
        ranges = _ranges(left, like := _stretched(like))
        few, many = _split(ranges)
        heavy.append(many)
        light.append(_expanded(few, like))
    if not light:
        return pl.DataFrame(schema=PAIRS), near
    too_many = pl.concat(heavy).unique()
    pairs = pl.concat(light).join(too_many, on="who", how="anti")
    near += int(pairs["near"].sum())
    if not clocks_differ(near, int(pairs["late"].sum())):
        pairs = pairs.filter(~pl.col("late"))
    alone = pl.len().over("left").eq(1) & pl.len().over("right").eq(1)
    pairs = pairs.with_columns(alone.alias("alone"))
    doubtful = [*_weighed(pairs.filter(~pl.col("alone"))), *_unweighed(left, right, too_many)]
    chosen = pl.DataFrame(doubtful, schema=PAIRS, orient="row")
    return pl.concat([pairs.filter("alone").select("left", "right"), chosen]), near


def _shared(one: pl.DataFrame, other: pl.DataFrame) -> pl.DataFrame:
    """Only what is of a track that both have can match."""
    return one.join(other.select("who").unique(), on="who", how="semi", maintain_order="left")


def _stretched(right: pl.DataFrame) -> pl.DataFrame:
    """In the order of one number that keeps tracks apart and time within a track."""
    return right.with_columns(at=_at("ended_from")).sort("at")


def _at(instant: str) -> pl.Expr:
    return pl.col("who").cast(pl.Int64) * _ROOM + pl.col(instant)


def _ranges(left: pl.DataFrame, right: pl.DataFrame) -> pl.DataFrame:
    """For every left the stretch `first` <= n < `last` of `right` in which its matches lie."""
    widest = (right["ended_to"] - right["ended_from"]).max()
    edges = left.select(low=_at("ended_from") - widest, high=_at("ended_to"))
    return left.with_columns(
        first=right["at"].search_sorted(edges["low"], side="left"),
        last=right["at"].search_sorted(edges["high"], side="right"),
    ).filter(pl.col("last") > pl.col("first"))


def _split(ranges: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The ranges whose pairs can be looked at, and the tracks that have too many."""
    pairs = ranges.group_by("who").agg(
        pairs=(pl.col("last") - pl.col("first")).cast(pl.Int64).sum()
    )
    total = pl.col("pairs").cum_sum()
    many = pairs.sort("pairs", "who").filter(total > FEW).select("who")
    return ranges.join(many, on="who", how="anti"), many


def _expanded(ranges: pl.DataFrame, right: pl.DataFrame) -> pl.DataFrame:
    """All pairs whose spans overlap, with how far they are `apart`."""
    lefts = ranges.with_columns(at=pl.int_ranges("first", "last", dtype=pl.UInt32)).explode("at")
    others = right.rename({name: f"{name}_right" for name in right.columns})
    pairs = pl.concat([lefts.drop("at"), others[lefts["at"]]], how="horizontal")
    began = (pl.col("began_at") - pl.col("began_at_right")).abs()
    ended = (pl.col("ended_at") - pl.col("ended_at_right")).abs()
    # No estimate in common: a beginning and an end, with nothing known of what lies between. Next
    # to each other are then above all the end of one play and the beginning of another.
    mixed = (
        (pl.coalesce("began_at", "ended_at") - pl.coalesce("ended_at_right", "began_at_right"))
        .abs()
        .clip(lower_bound=NEAR)
    )
    both_begin = pl.col("began").is_not_null() & pl.col("began_right").is_not_null()
    both_end = pl.col("ended").is_not_null() & pl.col("ended_right").is_not_null()
    apart = (
        pl.when(both_begin)
        .then(began)
        .when(both_end)
        .then(ended)
        .otherwise(pl.coalesce(pl.min_horizontal(began, ended), mixed))
    )
    # Plays that were moved apart to have a key of their own differ by some milliseconds.
    equal = (
        pl.coalesce(
            (pl.col("began") - pl.col("began_right")).abs(),
            (pl.col("ended") - pl.col("ended_right")).abs(),
        ).fill_null(EQUAL)
        < EQUAL
    )
    return pairs.filter(
        (~pl.col("exact") | equal)
        & (pl.col("began_from") <= pl.col("began_to_right"))
        & (pl.col("began_from_right") <= pl.col("began_to"))
        & (pl.col("ended_from") <= pl.col("ended_to_right"))
        & (pl.col("ended_from_right") <= pl.col("ended_to"))
    ).select("who", apart.alias("apart"), *_of_clocks(apart), left="place", right="place_right")


def _of_clocks(apart: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
    """Whether a beginning and an end tell that their clocks agree (`near`), or differ (`late`)."""
    mixed, fine, over = [], [], []
    for one, other in (("", "_right"), ("_right", "")):
        began, ended = pl.col(f"began{one}"), pl.col(f"ended{other}")
        begins = began.is_not_null() & pl.col(f"ended{one}").is_null()
        mixed.append(begins & ended.is_not_null() & pl.col(f"began{other}").is_null())
        # Of an instant that was cut the latest one that it may stand for.
        latest, last = pl.col(f"began_to{one}"), pl.col(f"ended_to{other}")
        fine.append((latest - began < _EXACT) & (last - ended < _EXACT))
        over.append(began - last > LATE - DRIFT // 2)
    near = (mixed[0] & fine[0]) | (mixed[1] & fine[1])
    late = (mixed[0] & over[0]) | (mixed[1] & over[1])
    return (
        (near & (apart < NEAR)).fill_null(value=False).alias("near"),
        late.fill_null(value=False).alias("late"),
    )


def _weighed(pairs: pl.DataFrame) -> Iterator[tuple[int, int]]:
    rows = pairs.select("who", "left", "right", "apart").sort("who").rows()
    for _, of_track in groupby(rows, key=itemgetter(0)):
        yield from pair_up([row[1:] for row in of_track])


def _unweighed(
    left: pl.DataFrame, right: pl.DataFrame, tracks: pl.DataFrame
) -> Iterator[tuple[int, int]]:
    for (who,) in tracks.sort("who").rows():
        boxes = [
            side.filter(pl.col("who") == who).select("place", *_BOX).rows()
            for side in (left, right)
        ]
        yield from in_order(*boxes)
