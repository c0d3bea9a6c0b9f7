"""Numbers as planes of bytes."""

from __future__ import annotations

import struct
from collections.abc import Sequence

LARGEST = 2**32 - 2  # a number that `pack_numbers` takes


def pack_numbers(values: Sequence[int | None]) -> bytes:
    """Numbers from 0 to LARGEST, or None: the width in bytes, then one plane for each byte.

    Equal bytes stand together so, which is what deflate makes small.
    """
    shifted = [0 if value is None else value + 1 for value in values]
    width = (max(shifted, default=0).bit_length() + 7) // 8
    flat = struct.pack(f"<{len(shifted)}I", *shifted)
    return bytes([width]) + b"".join(flat[plane::4] for plane in range(width))


def unpack_numbers(data: bytes, at: int, count: int) -> tuple[tuple[int, ...], int]:
    """The numbers at `at`, each one more than it was (0: unknown), and where they end."""
    width, start = data[at], at + 1
    flat = bytearray(4 * count)
    for plane in range(width):
        flat[plane::4] = data[start + plane * count : start + (plane + 1) * count]
    return struct.unpack(f"<{count}I", flat), start + width * count
