"""What is kept in memory, by its bytes."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from datetime import date, timedelta

import polars as pl

from audiospective.stats.cache import Cache, Part, weigh


def test_the_cache_lets_go_of_what_was_used_least() -> None:
    kept = Cache(10)
    kept.put("a", 1, 4)
    kept.put("b", 2, 4)
    assert kept.get("a") == 1
    kept.put("c", 3, 4)
    assert [kept.get(key) for key in "abc"] == [1, None, 3]
    kept.put("huge", 4, 11)
    assert kept.get("huge") is None
    kept.put("c", 5, 10)
    assert [kept.get(key) for key in "ac"] == [None, 5]
    assert len(kept) == 1


def test_parts_of_a_cache_share_its_bytes() -> None:
    whole = Cache(100_000)
    one, other = Part(whole, "one"), Part(whole, "other")
    one.put("a", pl.Series([0] * 5_000, dtype=pl.Int64))
    other.put("a", "other", 40_000)
    assert (len(one), len(other), whole.weight) == (1, 1, 81_000)
    other.put("b", "more", 30_000)
    assert one.get("a") is None
    assert other.get("a") == "other"
    whole.make_room(29_000)
    assert (len(other), whole.weight) == (2, 71_000)
    whole.allow(50_000)
    assert (other.get("a"), other.get("b")) == ("other", None)
    one.put("a", 1)
    other.clear()
    assert (len(one), len(other)) == (1, 0)


@dataclass(frozen=True)
class Told:
    days: dict[date, int]
    frame: pl.DataFrame


def test_a_value_weighs_at_least_what_its_parts_take() -> None:
    frame = pl.DataFrame({"a": [1] * 1_000})
    days = {date(2026, 1, 1) + timedelta(days=day): 1_000 + day for day in range(1_000)}
    weight = weigh([Told(days, frame)])
    assert weight > frame.estimated_size() + sys.getsizeof(days) + 1_000 * sys.getsizeof(1_000)
    assert weight < 200_000
