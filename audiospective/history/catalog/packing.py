"""Cuts runs of entries into blocks that fill a database's pages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from audiospective.history.catalog import encode
from audiospective.history.catalog.block_columns.spotify_ids import ID_BYTES
from audiospective.history.catalog.dictionaries import NONE
from audiospective.history.catalog.entries import Entry, Kind
from audiospective.history.catalog.rows import StoredBlock

# Two such rows fill a page of PostgreSQL (8,168 bytes, 52 of them for each row), one a page of
# SQLite; larger ones would go to overflow pages.
LARGEST = 4_030
FULL = 0.99  # of LARGEST: not worth another try
_HOLE = 32  # gone entries in a row that end a block
_GUESS = 60  # entries of a first try


def block(
    kind: Kind, first: int, entries: Sequence[Entry | None], words: int = NONE
) -> StoredBlock:
    """One block, however large."""
    return StoredBlock(kind, first, len(entries), *encode.encode(kind, entries, words))


def least(entries: Sequence[Entry | None]) -> int:
    """Bytes that their blocks take at least: ids stand in them as they are."""
    return ID_BYTES * (len(entries) - entries.count(None))


def blocks(
    kind: Kind, first: int, entries: Sequence[Entry | None], words: int = NONE
) -> list[StoredBlock]:
    """Blocks as large as LARGEST allows, the last one smaller; an entry alone may be larger.

    Where many entries are gone in a row, nothing is kept of them. `words` is the number of the
    dictionary that names are deflated with.
    """
    found: list[StoredBlock] = []
    guess = _GUESS
    for start, end in _stretches(entries):
        at = start
        while at < end:
            made = _fill(kind, first + at, entries[at : min(at + encode.MOST, end)], guess, words)
            found.append(made)
            at += made.count
            guess = made.count
    return found


def _stretches(entries: Sequence[Entry | None]) -> Iterator[tuple[int, int]]:
    start = end = 0
    for place, entry in enumerate(entries):
        if entry is None:
            continue
        if end == 0 or place - end >= _HOLE:
            if end:
                yield start, end
            start = place
        end = place + 1
    if end:
        yield start, end


def _fill(
    kind: Kind, first: int, entries: Sequence[Entry | None], guess: int, words: int
) -> StoredBlock:
    """The largest run from the first entry on that fits, or nearly; found in two or three tries."""
    fits, too_many = 0, len(entries) + 1
    best: StoredBlock | None = None
    count = min(guess, len(entries))
    while True:
        made = block(kind, first, entries[:count], words)
        if made.size <= LARGEST or count == 1:
            fits, best = count, made
        else:
            too_many = count
        full = best is not None and best.size >= LARGEST * FULL
        if best is not None and (full or too_many - fits <= 1):
            return best
        count = min(max(count * LARGEST // made.size, fits + 1), too_many - 1)
