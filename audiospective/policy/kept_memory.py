"""How many web processes a memory has room for, and how much each keeps of what it has read."""

from __future__ import annotations

# A process needs some 200 MB for itself, and some 100 MB for a moment while it reads a million
# plays; kept they take 90 MB, which have to fit in any case, or each page would read them again.
LEAST = 128_000_000  # bytes
MOST = 512_000_000
ONE = 400_000_000  # bytes: a process with large archives
SHARE = 4  # a quarter of the memory is for what is kept


def budget(memory: int, processes: int) -> int:
    """Bytes for each of so many web processes on a machine (a dyno, a container) with `memory`."""
    return min(max(memory // max(processes, 1) // SHARE, LEAST), MOST)


def processes(memory: int) -> int:
    """How many web processes are started where nobody says so; `memory` is 0 if it is not known.

    Two, so that one answers while the other starts or is busy, unless they would have less than 400
    MB each, which is what one takes beside a million plays.
    """
    return 1 if 0 < memory < 2 * ONE else 2
