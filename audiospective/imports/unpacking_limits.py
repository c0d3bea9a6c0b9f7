"""How much one import may unpack: actual bytes, members, ratio and depth."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Counts of bytes are of what really comes out, never of what a directory claims."""

    total_bytes: int = 8 << 30  # everything unpacked, nested archives too
    file_bytes: int = 2 << 30
    members: int = 20_000
    directory_bytes: int = 4 << 20  # a zip's list of members, which is read whole
    ratio: int = 200  # a heavy listener's export has 13; looked at after the first megabytes
    depth: int = 3  # archives within archives; Apple's export needs all of it
