"""Processes and their descendants: who is below whom, and how none of them is left behind."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

LINUX = sys.platform == "linux"
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36  # <linux/prctl.h>

_libc = ctypes.CDLL(None) if LINUX else None


def adopt_orphans() -> None:
    """Become the parent of every descendant whose own parent dies, so that none is lost (Linux)."""
    if _libc is not None:
        _libc.prctl(PR_SET_CHILD_SUBREAPER, 1)


def end_with_parent() -> None:
    """In a new child: be asked to end if the supervisor is killed outright (Linux)."""
    if _libc is not None:
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def descendants(root: int) -> set[int]:
    """Every living process below `root`, at any depth."""
    parents = _parents()
    found: set[int] = set()
    layer = {root}
    while layer:
        layer = {pid for pid, parent in parents.items() if parent in layer} - found
        found |= layer
    return found


def session_of(leader: int) -> set[int]:
    """The living processes of the session that `leader` began, whoever their parent is now.

    A child may give its own children a process group each (RQ does), but they keep the session.
    """
    return {pid for pid in _parents() if _session(pid) == leader}


def kill(pids: set[int]) -> None:
    """End processes at once; those already gone are no fault."""
    for pid in pids:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)


def reap(ended: Callable[[int, int], None]) -> None:
    """Take note of every child that has ended: `ended(pid, status)` as Popen.returncode has it."""
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        ended(pid, os.waitstatus_to_exitcode(status))


def _session(pid: int) -> int | None:
    try:
        return os.getsid(pid)
    except (ProcessLookupError, PermissionError):
        return None


def _parents() -> dict[int, int]:
    """Parent by process, for all that live; zombies have nothing left to end."""
    return _parents_from_proc() if LINUX else _parents_from_ps()


def _parents_from_proc() -> dict[int, int]:
    parents = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            # The name comes second, in parentheses, and may itself hold blanks and parentheses.
            state, parent = (entry / "stat").read_text().rpartition(")")[2].split()[:2]
        except (OSError, ValueError):
            continue
        if state != "Z":
            parents[int(entry.name)] = int(parent)
    return parents


def _parents_from_ps() -> dict[int, int]:
    command = ["ps", "-axo", "pid=,ppid=,stat="]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as listing:
        assert listing.stdout is not None
        rows = [line.split() for line in listing.stdout]
    return {
        int(pid): int(parent)
        for pid, parent, state in rows
        if not state.startswith("Z") and int(pid) != listing.pid
    }
