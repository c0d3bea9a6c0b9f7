"""How much a web process keeps in memory of what it has read and worked out."""

from __future__ import annotations

# A process needs some 200 MB for itself, and some 100 MB for a moment while it reads a million
# plays; kept they take 90 MB, which have to fit in any case, or each page would read them again.
LEAST = 128_000_000  # bytes
MOST = 512_000_000
SHARE = 4  # a quarter of the memory is for what is kept


def budget(memory: int, processes: int) -> int:
    """Bytes for each of so many web processes on a machine (a dyno, a container) with `memory`."""
    return min(max(memory // max(processes, 1) // SHARE, LEAST), MOST)
