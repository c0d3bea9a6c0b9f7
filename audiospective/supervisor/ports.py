"""Ports of this machine: which are taken, and the next that is free."""

from __future__ import annotations

import socket

REACH = 50  # ports looked at before giving up


def is_free(host: str, port: int) -> bool:
    """Whether a server could listen there now."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.settimeout(1)
        if probe.connect_ex((host, port)) == 0:  # macOS would let us bind beside a wildcard
            return False
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as servers do
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def first_free(host: str, preferred: int, avoid: frozenset[int] = frozenset()) -> int | None:
    """The preferred port or the next free one above it; None if none is near."""
    reach = range(preferred, min(preferred + REACH, 65536))
    return next((port for port in reach if port not in avoid and is_free(host, port)), None)


def any_free(host: str) -> int:
    """A free port that the system chooses."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])
