"""Values of unsure types: text that can be stored, numbers that fit, yes or no."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

NAME = 1_000  # characters of a title or name; the rest is cut
MOST = 2**31 - 1  # milliseconds, 24 days: what a column holds
CONTROLS = "\0-\x08\x0b\x0c\x0e-\x1f\x7f\ufeff"  # of no use in a name, some of them not storable
_UNSTORABLE = re.compile(f"[{CONTROLS}\ud800-\udfff]")
_NUMBER = re.compile(r"[+-]?\d{1,18}([.,]\d{1,18})?([eE][+-]?\d{1,2})?\Z", re.ASCII)
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z")
_ISRC = re.compile(r"[A-Z]{2}[A-Z0-9]{3}[0-9]{7}\Z", re.ASCII)
_SPOTIFY = re.compile(
    r"(?:spotify:track:|https?://open\.spotify\.com/(?:intl-\w+/)?track/)?([0-9A-Za-z]{22})(?:\?|\Z)",
    re.ASCII,
)
_WORDS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


def text(value: object, limit: int = NAME) -> str | None:
    """Text without control characters, half surrogates and outer space; None if none is left."""
    if not isinstance(value, str):
        return None
    if _UNSTORABLE.search(value):
        value = _UNSTORABLE.sub("", value)
    return value.strip()[:limit] or None


def number(value: object) -> float | None:
    """A finite number from a number or its text (a comma may stand for the point)."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        value = value.strip()
        if not _NUMBER.match(value):
            return None
        value = float(value.replace(",", "."))
    if isinstance(value, int):
        return float(value) if abs(value) < 2**63 else None
    return value if isinstance(value, float) and math.isfinite(value) else None


def milliseconds(value: object, unit: int = 1) -> int | None:
    """A length of time in milliseconds from a number of `unit` ms; None unless it can be one."""
    found = number(value)
    if found is None or not math.isfinite(found * unit):
        return None
    whole = round(found * unit)
    return whole if 0 <= whole <= MOST else None


def positive(value: object, unit: int = 1) -> int | None:
    """As `milliseconds`, where 0 says unknown: a track's length."""
    return milliseconds(value, unit) or None


def boolean(value: object) -> bool | None:
    """Yes or no, also as a word."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _WORDS.get(value.strip().lower())
    return None


def names(value: object) -> list[str]:
    """The texts of a list of texts, or a text as one; what is no text is left out."""
    found = value if isinstance(value, list) else [value]
    return [name for name in map(text, found) if name]


def inner(value: object, *path: str) -> Any:
    """What lies deeper in JSON objects, None where a step is missing."""
    for step in path:
        if not isinstance(value, Mapping):
            return None
        value = value.get(step)
    return value


def uuid(value: object) -> str | None:
    """A MusicBrainz id in small letters; players have written other things in its place."""
    found = value.strip().lower() if isinstance(value, str) else ""
    return found if _UUID.match(found) else None


def isrc(value: object) -> str | None:
    """An ISRC without hyphens."""
    found = value.strip().upper().replace("-", "") if isinstance(value, str) else ""
    return found if _ISRC.match(found) else None


def spotify_id(value: object) -> str | None:
    """The 22 characters of a track's id, from its URI, its address or alone."""
    match = _SPOTIFY.match(value.strip()) if isinstance(value, str) else None
    return match[1] if match else None
