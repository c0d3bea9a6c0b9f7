"""Reads a `.env` file: NAME=value lines, comments, optional quotes and `export`."""

from __future__ import annotations

import re

LINE = re.compile(r"(?:export\s+)?(?P<name>[A-Za-z_][A-Za-z0-9_]*)\s*=\s*(?P<value>.*)")


class DotenvError(Exception):
    """A line that cannot be understood; the message names it by number, never by content."""


def parse(text: str) -> dict[str, str]:
    """The values of a `.env` file. Raises DotenvError.

    Single quotes keep everything, double quotes know \\n, \\" and \\\\; without quotes a value
    ends before ` #`. Nothing is expanded.
    """
    values = {}
    for number, raw in enumerate(text.splitlines(), start=1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        found = LINE.fullmatch(line)
        value = None if found is None else _value(found["value"])
        if found is None or value is None:
            raise DotenvError(f"line {number} is not NAME=value")
        values[found["name"]] = value
    return values


def _value(text: str) -> str | None:
    if text[:1] in ("'", '"'):
        pattern = r"'([^']*)'" if text[0] == "'" else r'"((?:[^"\\]|\\.)*)"'
        found = re.fullmatch(pattern + r"\s*(?:#.*)?", text)
        if found is None:
            return None
        if text[0] == "'":
            return found[1]
        return re.sub(r"\\(.)", lambda m: "\n" if m[1] == "n" else m[1], found[1])
    return re.sub(r"(?:^|\s+)#.*$", "", text).strip()
