"""Ids and secrets in the shapes that Spotify uses."""

import hashlib
import secrets

ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
LENGTH = 22
_PAIRS = [a + b for a in ALPHABET for b in ALPHABET]


def base62(*parts: object, length: int = LENGTH) -> str:
    """The same base-62 id of `length` characters for the same parts, in every run."""
    digest = hashlib.sha256("\x1f".join(map(str, parts)).encode()).digest()
    number = int.from_bytes(digest, "big")
    text = []
    for _ in range((length + 1) // 2):
        number, pair = divmod(number, 3844)
        text.append(_PAIRS[pair])
    return "".join(text)[:length]


def is_id(text: str) -> bool:
    """Whether the text has the form of a catalog id."""
    return len(text) == LENGTH and text.isascii() and text.isalnum()


def token(prefix: str, size: int) -> str:
    """A fresh opaque secret; unlike everything else here it never repeats, not even per seed."""
    return prefix + secrets.token_urlsafe(size)
