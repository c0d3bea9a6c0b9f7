"""Texts that spreadsheets take for something else, which exports guard with an apostrophe, and
lists in one cell.
"""

from __future__ import annotations

import re

_SIGNS = r"[\s]*[=+\-@\t\r\n＝＋－＠]"
_MONTHS = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
# What Excel and LibreOffice would show as something else: 007, 1E5, 3/4, 12:30, May 5, TRUE.
_DAY = rf"(?:{_MONTHS})[a-z]*"
_CONVERTED = "|".join(
    (
        r"0\d+(?:\.\d*)?",
        r"\d+(?:\.\d+)?e\d+",
        r"\d{16,}",
        r"\d+[.,]\d*0",
        r"\d{1,4}(?:[-/.:]\d{1,4}){1,3}(?:\s*[ap]m)?",
        r"\d+\s+\d+/\d+",
        rf"{_DAY}[ .,-]*\d{{1,4}}",
        rf"\d{{1,4}}[ .,-]*{_DAY}(?:[ .,-]*\d{{1,4}})?",
        "true|false|wahr|falsch|vrai|faux",
    )
)
_RISKY = rf"(?:{_SIGNS}|(?i:{_CONVERTED})\s*$)"
PLAIN = rf"^'*{_RISKY}"
GUARDED = rf"^''*{_RISKY}"

SEVERAL = "; "  # between the texts of a list; a semicolon within a text stands twice
_SIGN = re.compile("(;;|; )")


def listed(cell: str, first: str | None) -> list[str]:
    """The texts of a list in one cell; `first` is the first one, as it stands in a cell of its own.

    Earlier releases did not double semicolons; where the first text has some, that shows.
    """
    if first and ";" in first and (cell == first or cell.startswith(first + SEVERAL)):
        rest = cell[len(first) + len(SEVERAL) :]
        return [first, *listed(rest, None)] if rest else [first]
    texts = [""]
    for part in _SIGN.split(cell):
        if part == SEVERAL:
            texts.append("")
        else:
            texts[-1] += ";" if part == ";;" else part
    return texts
