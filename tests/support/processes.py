"""Start servers for the tests so that none of them outlives the test run, even if it is killed."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any


def start(command: Sequence[str], **options: Any) -> subprocess.Popen[bytes]:
    """Start a child that gets SIGTERM when this process dies (Linux; elsewhere only on stop)."""
    setpriv = shutil.which("setpriv")  # of util-linux; it becomes the command itself
    leash = [setpriv, "--pdeathsig", "TERM", "--"] if setpriv else []
    return subprocess.Popen([*leash, *command], **options)


def stop(child: subprocess.Popen[bytes], sign: int = signal.SIGTERM, patience: float = 20) -> int:
    """End a child, by force once `patience` seconds are over; returns its exit status."""
    if child.poll() is None:
        child.send_signal(sign)
        try:
            child.wait(patience)
        except subprocess.TimeoutExpired:
            child.kill()
    return child.wait()


_held: deque[socket.socket] = deque()
HELD = 100 if sys.platform == "linux" else 0  # at most: a process may open so many files only


def free_port() -> int:
    """A TCP port of the loopback address that nobody listens on just now.

    On Linux it stays bound, without listening: the system gives it to no other process of the run
    and to no connection before its server comes, which may bind it as well, since servers let an
    address be used again. Elsewhere that would keep the server out.
    """
    probe = socket.socket()
    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    probe.bind(("127.0.0.1", 0))
    port = int(probe.getsockname()[1])
    _held.append(probe)
    if len(_held) > HELD:
        _held.popleft().close()
    return port


def until(condition: Callable[[], Any], what: str, seconds: float = 180) -> Any:
    """Wait for `condition` to be true and return its value; fails saying `what` was awaited.

    The bound is there to end a hopeless wait, not to measure: it is generous on purpose.
    """
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds:g} s in vain: {what}")
        time.sleep(0.02)  # between two looks at the world outside this process


def accepts(port: int) -> bool:
    """Whether something listens on that loopback port."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def session_members(session: int) -> list[int]:
    """The living processes of a session, found in /proc (Linux)."""
    return [pid for pid in _processes() if _field(pid, 3) == session and _state(pid) != "Z"]


def descendants(root: int) -> list[int]:
    """Every living process below `root`, children of children too, found in /proc (Linux)."""
    parents = {pid: _field(pid, 1) for pid in _processes() if _state(pid) != "Z"}
    found: list[int] = []
    layer = [root]
    while layer:
        layer = [pid for pid, parent in parents.items() if parent in layer]
        found += layer
    return found


def parent(pid: int) -> int:
    """The process that started another one (Linux)."""
    found = _field(pid, 1)
    assert found is not None, f"process {pid} is gone"
    return found


def alive(pid: int) -> bool:
    """Whether the process exists and is not merely waiting to be reaped."""
    return _state(pid) not in (None, "Z")


def _processes() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def _stat(pid: int) -> list[str]:
    try:
        # The second field is the name in parentheses and may itself hold blanks.
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []


def _state(pid: int) -> str | None:
    fields = _stat(pid)
    return fields[0] if fields else None


def _field(pid: int, index: int) -> int | None:
    fields = _stat(pid)
    return int(fields[index]) if fields else None


def unprivileged() -> dict[str, Any]:
    """Popen options that give up root, for servers that refuse to run as root."""
    if os.geteuid() != 0:
        return {}
    import pwd

    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
    raise RuntimeError("no unprivileged account to run a server as")
