"""Covers: addresses of Spotify's pictures as bytes."""

from __future__ import annotations

import re

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
