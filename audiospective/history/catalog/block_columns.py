"""Columns of a block: numbers as byte planes, references, ids, covers, ISRCs, dates.

Every column has a form that nearly all values fit. A value that does not fit is written as unknown
here and in full beside the columns (encode.py), so no fact is ever bent to a form.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate

LARGEST = 2**32 - 2  # a number that `pack_numbers` takes
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_PAIRS = [first + second for first in _DIGITS for second in _DIGITS]
_PAIR = {pair: value for value, pair in enumerate(_PAIRS)}
_HALF = 62**10
_ID_LENGTH, ID_BYTES = 22, 16
NO_ID = bytes(ID_BYTES)


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
    first: dict[int, int] = {}
    for position, one in enumerate(ids):
        if one is not None:
            first.setdefault(one, position)
    if not first:
        return 0
    base = max(first) - 1
    while base in first and first[base] < first[base + 1]:
        base -= 1
    return base


@lru_cache(maxsize=8_192)
def pack_id(spotify_id: str) -> bytes | None:
    """The 128 bits that Spotify's 22 characters stand for; None for anything else."""
    if len(spotify_id) != _ID_LENGTH:
        return None
    number = 0
    try:
        for at in range(0, _ID_LENGTH, 2):
            number = number * len(_PAIRS) + _PAIR[spotify_id[at : at + 2]]
    except KeyError:
        return None
    if not 0 < number < 1 << 8 * ID_BYTES:
        return None
    return number.to_bytes(ID_BYTES, "big")


def unpack_id(data: bytes) -> str | None:
    """None for NO_ID."""
    number = int.from_bytes(data, "big")
    if number == 0:
        return None
    pairs: list[str] = []
    for half in reversed(divmod(number, _HALF)):  # small numbers divide faster
        rest = half
        for _ in range(_ID_LENGTH // 4 + (len(pairs) > 0)):
            rest, pair = divmod(rest, len(_PAIRS))
            pairs.append(_PAIRS[pair])
    return "".join(reversed(pairs))


_HOST = "https://i.scdn.co/image/"
_COVER = re.compile(rf"{re.escape(_HOST)}([0-9a-f]{{40}})")
_PREFIXES = ("ab67616d00001e02", "ab67616d0000b273", "ab67616d00004851")  # 300, 640, 64 pixels
_NO_COVER, _WHOLE = 0, len(_PREFIXES) + 1


def pack_cover(url: str | None) -> tuple[int, bytes] | None:
    """How a cover is written and its bytes; None for pictures that are elsewhere."""
    if url is None:
        return _NO_COVER, b""
    found = _COVER.fullmatch(url)
    if found is None:
        return None
    for form, prefix in enumerate(_PREFIXES, start=1):
        if found[1].startswith(prefix):
            return form, bytes.fromhex(found[1][len(prefix) :])
    return _WHOLE, bytes.fromhex(found[1])


def cover_length(form: int) -> int:
    return {_NO_COVER: 0, _WHOLE: 20}.get(form, 12)


def unpack_cover(form: int, data: bytes) -> str | None:
    if form == _NO_COVER:
        return None
    prefix = "" if form == _WHOLE else _PREFIXES[form - 1]
    return f"{_HOST}{prefix}{data.hex()}"


_ISRC = re.compile(r"([A-Z]{2}[A-Z0-9]{3})([0-9]{7})", re.ASCII)
ISRC_LABEL = 5
NO_LABEL = " " * ISRC_LABEL


def pack_isrc(code: str | None) -> tuple[str, int | None] | None:
    """Country and registrant, and the number of year and recording; None for another form."""
    if code is None:
        return NO_LABEL, None
    found = _ISRC.fullmatch(code)
    return (found[1], int(found[2])) if found else None


_DATES = {
    "year": re.compile(r"(\d{4})", re.ASCII),
    "month": re.compile(r"(\d{4})-(\d\d)", re.ASCII),
    "day": re.compile(r"(\d{4})-(\d\d)-(\d\d)", re.ASCII),
}
_PRECISIONS = (None, "year", "month", "day")
_CENTURY = 1900
NO_DATE = (0, 0, 0, 0)


def pack_date(text: str | None, precision: str | None) -> tuple[int, int, int, int] | None:
    """Precision, years since 1900, month and day as bytes; None where that does not say it all."""
    if text is None and precision is None:
        return NO_DATE
    form = _DATES.get(precision or "")
    found = form.fullmatch(text) if form and text else None
    if found is None:
        return None
    year, month, day = (int(part) for part in (*found.groups(), 0, 0)[:3])
    if not _CENTURY <= year < _CENTURY + 256:
        return None
    return _PRECISIONS.index(precision), year - _CENTURY, month, day


def unpack_date(form: int, year: int, month: int, day: int) -> tuple[str | None, str | None]:
    precision = _PRECISIONS[form]
    parts = (f"{year + _CENTURY:04}", f"{month:02}", f"{day:02}")[:form]
    return ("-".join(parts) or None), precision
