"""How long and how large: percentiles, peak memory, and lines of a report."""

from __future__ import annotations

import resource
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from audiospective import clock

Echo = Callable[[str], Any]
Figures = dict[str, float | str]  # what a bench measured, by name


def seconds(action: Callable[[], Any], times: int = 1) -> list[float]:
    """How long each of `times` runs took, shortest first."""
    taken = []
    for _ in range(times):
        began = clock.monotonic()
        action()
        taken.append(clock.monotonic() - began)
    return sorted(taken)


def processor(*, children: bool = False) -> float:
    """Seconds of processor time that this process has used, all its threads together.

    With `children` also what processes used that it started and that have ended.
    """
    who = [resource.RUSAGE_SELF, *([resource.RUSAGE_CHILDREN] if children else [])]
    return sum(used.ru_utime + used.ru_stime for used in map(resource.getrusage, who))


def p95(taken: Sequence[float]) -> float:
    """The duration that 95 % stay under; of few runs the longest."""
    return sorted(taken)[min(len(taken) - 1, int(len(taken) * 0.95))]


def reset_peak() -> None:
    """Let `peak_mb` forget what was held before (Linux)."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def peak_mb() -> float:
    """The most memory that this process ever held, in megabytes."""
    status = Path("/proc/self/status")
    if status.exists():
        # Not getrusage: on Linux a program inherits the peak of the process that started it.
        (line,) = (one for one in status.read_text().splitlines() if one.startswith("VmHWM"))
        return int(line.split()[1]) * 1024 / 1_000_000
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1_000_000
