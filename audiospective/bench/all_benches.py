"""`bench all`: every bench, each in a process of its own, as one JSON with what the machine is."""

from __future__ import annotations

import json
import os
import platform
import re
import subprocess
import sys
from collections.abc import Iterable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from audiospective import clock
from audiospective.bench.measuring import Echo, Figures

NUMBER = re.compile(r"(?<![\w.])\d[\d,]*(?:\.\d+)?")
LIBRARIES = ("polars", "peewee", "psycopg", "redis", "rq", "rq-scheduler", "requests", "flask")
PLANNED = (1_000, 100_000, 1_000_000)  # members that `plan` is asked for
FEW = 200  # the same for a first look


def one(name: str, lines: Sequence[str], figures: Figures | None, took: float) -> dict[str, Any]:
    """What a bench said: its lines, their numbers by the words around them, its figures."""
    return {
        "bench": name,
        "seconds": round(took, 1),
        "lines": list(lines),
        "numbers": dict(filter(lambda found: found[1], map(_numbers, lines))),
        "figures": figures or {},
    }


def every(echo: Echo, names: Iterable[str], *, small: bool, members: int) -> dict[str, Any]:
    """Run each of the benches; one that fails is told as such, and the others run.

    So many members grow in `storage`; `plan` is asked for `PLANNED`, or for few where small.
    """
    began = clock.now()
    found = []
    for name in names:
        sizes = (FEW,) if small else PLANNED
        for many in sizes if name == "plan" else (members,):
            echo(f"{name} ...")
            options = ["--members", str(many), *(["--small"] if small else [])]
            found.append(_child(name, options))
    return {
        "began": began.isoformat(timespec="seconds"),
        "small": small,
        "machine": machine(),
        "benches": found,
    }


def machine() -> dict[str, Any]:
    """What figures depend on."""
    load = os.getloadavg() if hasattr(os, "getloadavg") else ()
    return {
        "system": platform.platform(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_mb": _memory_mb(),
        "load": [round(one, 2) for one in load],  # of others too, beside which this was measured
        "python": platform.python_version(),
        "libraries": {name: version(name) for name in LIBRARIES},
    }


def _child(name: str, options: Sequence[str]) -> dict[str, Any]:
    command = [sys.executable, "-m", "audiospective", "bench", name, "--json", *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or [""]
        return {"bench": name, "failed": last[0]}
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _numbers(line: str) -> tuple[str, list[float]]:
    """Words of a line with # for each number, and the numbers."""
    return (
        NUMBER.sub("#", line).strip(),
        [float(text.replace(",", "")) for text in NUMBER.findall(line)],
    )


def _processor() -> str:
    facts = Path("/proc/cpuinfo")
    if facts.exists():
        for line in facts.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _memory_mb() -> int:
    return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1_000_000)
