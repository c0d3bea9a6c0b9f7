"""Texts as people search them: without case, accents and typographic variants."""

from __future__ import annotations

import unicodedata

# Marks of these classes are letters to their readers: vowel signs, viramas, and the strokes that
# tell one kana from another.
_SPELLING = frozenset((0, 7, 8, 9))
_SAME = str.maketrans(
    {
        "ø": "o", "ł": "l", "đ": "d", "ð": "d", "ħ": "h", "ı": "i", "æ": "ae", "œ": "oe",
        "þ": "th", "‘": "'", "’": "'", "ʼ": "'", "`": "'", "´": "'", "“": '"', "”": '"',
        "„": '"', "‐": "-", "‑": "-", "‒": "-", "–": "-", "—": "-", "―": "-", "−": "-",
    }
)  # fmt: skip


def fold(text: str) -> str:
    """`text` in the form in which two spellings of one thing are equal; folding twice adds nothing.

    Compatibility forms (full width, ligatures) become ordinary ones, letters lose their accents
    and their case, spaces become one. Ideographs, kana and hangul stay what they are.
    """
    if text.isascii():
        return " ".join(text.lower().replace("`", "'").split())
    apart = unicodedata.normalize("NFKD", text).translate(_SAME)
    apart = unicodedata.normalize("NFKD", apart.casefold()).translate(_SAME)
    plain = "".join(char for char in apart if unicodedata.combining(char) in _SPELLING)
    return " ".join(unicodedata.normalize("NFKC", plain).split())


def words(text: str) -> list[str]:
    """What somebody typed into a search box as folded words, each of which must occur."""
    return list(dict.fromkeys(fold(text).split()))
