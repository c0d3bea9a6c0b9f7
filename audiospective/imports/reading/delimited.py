"""One line of a table as fields: which sign parts them, and whether the line is whole."""

from __future__ import annotations

import csv

DELIMITERS = (",", ";", "\t")


class OpenQuoteError(Exception):
    """A quoted field goes on in the next line."""


def delimiter(line: str) -> str:
    """The sign that parts the most fields of a header."""
    return max(DELIMITERS, key=lambda sign: (len(split(line, sign)), -DELIMITERS.index(sign)))


def split(line: str, sign: str | None = None) -> list[str]:
    """The fields of a line, however badly it is quoted; empty where it cannot be read at all."""
    try:
        return next(csv.reader([line], delimiter=sign or delimiter(line)), [])
    except csv.Error:
        return []


def strictly(line: str, sign: str) -> list[str]:
    """The fields of a line; raises OpenQuoteError, or csv.Error for bad quoting."""
    try:
        return next(csv.reader([line], delimiter=sign, strict=True), [])
    except csv.Error as error:
        if "unexpected end" in str(error):
            raise OpenQuoteError from None
        raise
