"""About how large a bundle will be: measured on the archives of `bench export`."""

from __future__ import annotations

A_PLAY = 370  # bytes, packed; half of it are the files for other programs
LEAST = 200_000  # the page and its readers


def estimated(plays: int) -> int:
    """Bytes of a bundle with so many plays, within a third of what it will be."""
    return LEAST + A_PLAY * plays
