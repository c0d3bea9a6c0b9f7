"""About how large an export will be: measured on the archives of `bench export`."""

from __future__ import annotations

BUNDLE = 370  # bytes a play, packed; half of it are the files for other programs
LEAST = 200_000  # the page and its readers


def bundle(plays: int) -> int:
    """Bytes of a bundle with so many plays, within a third of what it will be."""
    return LEAST + BUNDLE * plays


def words(size: int) -> str:
    """`600 kB`, `24 MB`."""
    if size < 1_000_000:
        return f"{max(1, round(size / 1000))} kB"
    return f"{size / 1_000_000:.1f} MB" if size < 10_000_000 else f"{size / 1_000_000:,.0f} MB"
