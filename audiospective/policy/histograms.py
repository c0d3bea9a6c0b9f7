"""Durations counted by buckets, and the quantiles that they give."""

from __future__ import annotations

from collections.abc import Mapping

BUCKETS = "poll_ms_le:"  # counters of polls by duration: up to so many milliseconds, or inf


def histogram(sums: Mapping[str, int]) -> list[tuple[float, int]]:
    """(upper end in seconds, how many up to it and above the one before), smallest first."""
    found = [
        (float("inf") if top == "inf" else int(top) / 1000, count)
        for name, count in sums.items()
        if name.startswith(BUCKETS)
        for top in [name.removeprefix(BUCKETS)]
    ]
    return sorted(found)


def quantile(share: float, buckets: list[tuple[float, int]]) -> float | None:
    """The value that `share` of all lie below, evenly spread within each bucket; None of nothing.

    Of the last bucket, which has no end, its beginning.
    """
    total = sum(count for _, count in buckets)
    if not total:
        return None
    rank, below, low = share * total, 0, 0.0
    for top, count in buckets:
        if count and below + count >= rank:
            return low if top == float("inf") else low + (top - low) * (rank - below) / count
        below, low = below + count, top if top != float("inf") else low
    return low
