"""Spotify's ids: 22 characters as 16 bytes."""

from __future__ import annotations

from functools import lru_cache

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_PAIRS = [first + second for first in _DIGITS for second in _DIGITS]
_PAIR = {pair: value for value, pair in enumerate(_PAIRS)}
_HALF = 62**10
_ID_LENGTH, ID_BYTES = 22, 16
NO_ID = bytes(ID_BYTES)


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
