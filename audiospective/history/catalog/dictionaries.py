"""Words that many names share: blocks are deflated with them, so they are kept for ever.

A dictionary is found by its checksum, which stands in every block that needs it. It is made once,
of what Spotify said, when a catalog is large enough; blocks of before stay readable.
"""

from __future__ import annotations

import re
import zlib
from collections import Counter
from collections.abc import Iterable

from audiospective.models import dialects

NONE = 0  # the number of no words at all
SIZE = 16_384  # bytes: half of what deflate looks back over
SEEN = 4  # a word that stands in fewer names is left out
_SHORTEST = 3  # characters; deflate repeats nothing shorter
_ENDING = re.compile(r" [-(\[].*$")  # " - Live", " (Deluxe Edition)"
_read: dict[int, bytes] = {NONE: b""}  # by checksum, so true in every database


class MissingWordsError(Exception):
    """A block needs words that the database does not have."""


def of(number: int) -> bytes:
    """The words with this number; a process reads them once."""
    if number not in _read:
        row = dialects.run("SELECT words FROM catalog_words WHERE id = ?", [number]).fetchone()
        if row is None or zlib.crc32(row[0]) != number:
            raise MissingWordsError(f"the words {number} of the catalog are missing")
        _read[number] = bytes(row[0])
    return _read[number]


def keep(words: bytes) -> int:
    """Store words, in the transaction of whoever will use them; their number."""
    number = zlib.crc32(words)
    if dialects.run("SELECT 1 FROM catalog_words WHERE id = ?", [number]).fetchone() is None:
        dialects.run("INSERT INTO catalog_words (id, words) VALUES (?, ?)", [number, words])
    return number


def made_of(names: Iterable[str]) -> bytes:
    """The words and endings that save most where they are not written out, the best ones last."""
    seen: Counter[str] = Counter()
    for name in names:
        seen.update(set(name.split(" ")))
        seen.update(_ENDING.findall(name))
    worth = sorted(
        (count * (len(_bytes(text)) - 1.5), text)
        for text, count in seen.items()
        if count >= SEEN and len(text) >= _SHORTEST
    )
    chosen: list[bytes] = []
    left = SIZE
    for _, text in reversed(worth):
        word = _bytes(text) + b" "
        left -= len(word)
        if left < 0:
            break
        chosen.append(word)
    return b"".join(reversed(chosen))


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
