"""The archive itself: how plays are kept, and the one way to read them.

Polars stays unloaded until somebody asks for a frame: polling jobs do without it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from audiospective.history.recent_plays import RecentPlay, footprint, recent, total

if TYPE_CHECKING:
    import polars as pl

    from audiospective.history.bulk_add import Absorbed

__all__ = ["RecentPlay", "absorb", "footprint", "frame", "recent", "total"]


def frame(
    user_id: int,
    start: datetime | None = None,
    end: datetime | None = None,
    columns: Sequence[str] | None = None,
) -> pl.DataFrame:
    """Somebody's plays with `start` <= played_at < `end`; see reading.frame."""
    from audiospective.history.reading import frame as read

    return read(user_id, start, end, columns)


def absorb(user_id: int, plays: pl.DataFrame) -> Absorbed:
    """Add many plays at once, past the hot tail; see bulk_add.absorb."""
    from audiospective.history.bulk_add import absorb as take_in

    return take_in(user_id, plays)
