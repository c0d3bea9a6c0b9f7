"""References to other entries, as steps back from the newest."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from itertools import accumulate

from audiospective.history.catalog.block_columns.numbers import pack_numbers, unpack_numbers


def pack_references(ids: Sequence[int | None]) -> bytes:
    """Ids of other entries, near to each other in order of arrival, as steps back from the newest.

    A reference that is one more than the newest so far is 0, the newest itself 1, and so on. What
    the first step starts from stands before them.
    """
    newest = base = _base(ids)
    steps: list[int | None] = []
    for one in ids:
        if one is None:
            steps.append(None)
            continue
        steps.append(newest + 1 - one)
        newest = max(newest, one)
    return struct.pack("<I", base) + pack_numbers(steps)


def unpack_references(data: bytes, at: int, count: int) -> tuple[list[int | None], int]:
    (base,) = struct.unpack_from("<I", data, at)
    steps, end = unpack_numbers(data, at + 4, count)
    # No reference is more than one above the newest before it: a stored 1 is a new newest.
    newest = accumulate(map((1).__eq__, steps), initial=base)
    return [top + 2 - step if step else None for step, top in zip(steps, newest, strict=False)], end


def _base(ids: Sequence[int | None]) -> int:
    """The lowest start from which no reference is more than one above the newest before it."""
    backwards = zip(reversed(ids), reversed(range(len(ids))), strict=True)
    first = {one: position for one, position in backwards if one is not None}
    if not first:
        return 0
    base = max(first) - 1
    while base in first and first[base] < first[base + 1]:
        base -= 1
    return base
