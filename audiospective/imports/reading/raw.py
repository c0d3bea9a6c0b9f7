"""A rejected row as text for the report, without what is personal in it."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

import orjson

from audiospective.imports.plays import RAW_LIMIT

# Only for text that could not be read as a row; of the others just the known fields are kept.
_PERSONAL = re.compile(
    r"""("[^"]{0,60}?(?:ip_?addr|ip\saddress|user_?agent|user_?name|device|e-?mail|postal|city
    |owner|apple_?\s?id)[^"]{0,60}+"\s*+:\s*+)(?:"(?:[^"\\]|\\.)*+"?|[^,}\s]++)""",
    re.IGNORECASE | re.VERBOSE,
)
_ADDRESS = re.compile(
    r"\b\d{1,3}(?:\.\d{1,3}){3}\b|\b(?:[0-9a-f]{0,4}:){3,7}[0-9a-f]{0,4}\b|(?<![^\s\"',;@])[^\s\"',;@]++@[^\s\"',;@]++",
    re.IGNORECASE,
)


def of(row: object, known: Collection[str]) -> str:
    """The row as JSON, of an object only the `known` fields."""
    if isinstance(row, Mapping):
        row = {name: value for name, value in row.items() if name in known}
    try:
        written = orjson.dumps(row, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
    except (TypeError, ValueError, RecursionError):
        written = repr(row)[: 4 * RAW_LIMIT]
    return unreadable(written) if not isinstance(row, Mapping) else written[:RAW_LIMIT]


def unreadable(text: str) -> str:
    """Text that is no row, with everything blanked that looks personal."""
    text = text[: 4 * RAW_LIMIT].encode("utf-8", "replace").decode().replace("\0", "")
    return _ADDRESS.sub("...", _PERSONAL.sub(r'\1"..."', text))[:RAW_LIMIT]
