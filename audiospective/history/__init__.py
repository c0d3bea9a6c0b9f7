"""The archive itself: how plays are kept, and the one way to read them.

Polars stays unloaded until somebody asks for a frame: polling jobs do without it.
"""

from __future__ import annotations

from audiospective.history.newest import RecentPlay, recent, total

__all__ = ["RecentPlay", "recent", "total"]
