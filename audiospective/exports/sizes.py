"""About how large an export will be: measured on the archives of `bench export`."""

from __future__ import annotations

BUNDLE = 370  # bytes a play, packed; half of it are the files for other programs
LEAST = 200_000  # the page and its readers


def bundle(plays: int) -> int:
    """Bytes of a bundle with so many plays, within a third of what it will be."""
    return LEAST + BUNDLE * plays
