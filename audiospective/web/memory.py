"""How much memory the web processes share, and what each of them may keep of it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from audiospective.policy import kept_memory
from audiospective.stats import cache

LIMITS = (  # of a container or dyno, in the second and the first version of control groups
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)


def divide(processes: int) -> None:
    """Let this web process keep what one of so many may keep."""
    cache.shared.allow(kept_memory.budget(available(), processes))


def available(limits: Sequence[Path] = LIMITS) -> int:
    """Bytes that the machine has, or its container; 0 where the system does not tell."""
    told = []
    with suppress(ValueError, OSError):
        told.append(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    for limit in limits:
        with suppress(ValueError, OSError):  # "max", or no such file
            told.append(int(limit.read_text()))
    return min(told, default=0)
