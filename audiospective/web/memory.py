"""How much memory the web processes share, how many they are, and what each may keep of it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from audiospective.policy import kept_memory

GROUPS = Path("/sys/fs/cgroup")
OWN_GROUP = Path("/proc/self/cgroup")


def divide(processes: int) -> None:
    """Let this web process keep what one of so many may keep."""
    from audiospective.stats import cache  # it loads Polars, which gunicorn's master must not

    cache.shared.allow(kept_memory.budget(available(), processes))


def processes(asked: str | None) -> int:
    """How many web processes to start: as many as are `asked` for, else as many as have room.

    gunicorn itself has refused by then what is no number.
    """
    return int(asked or 0) or kept_memory.processes(available())


def available(limits: Sequence[Path] | None = None) -> int:
    """Bytes that the machine has, or its container or unit; 0 where the system does not tell."""
    told = []
    with suppress(ValueError, OSError):
        told.append(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    for limit in control_groups() if limits is None else limits:
        with suppress(ValueError, OSError):  # "max", or no such file
            told.append(int(limit.read_text()))
    return min(told, default=0)


def control_groups(own: Path = OWN_GROUP, groups: Path = GROUPS) -> list[Path]:
    """Files with the limits of a container, a dyno or a unit of systemd (`MemoryMax`).

    A container sees its own group as the root of all; a unit is a folder below, and each folder
    above may set a limit as well. The last file is of the first version of control groups.
    """
    folders = [groups]
    with suppress(OSError, UnicodeDecodeError):
        for line in own.read_text().splitlines():
            number, _, path = line.partition("::")
            if number == "0":
                below = groups / path.lstrip("/")
                folders += [one for one in (below, *below.parents) if groups in one.parents]
    limits = [folder / "memory.max" for folder in folders]
    return [*limits, groups / "memory" / "memory.limit_in_bytes"]
