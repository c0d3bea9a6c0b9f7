"""Texts that spreadsheets take for something else, which exports guard with an apostrophe."""

from __future__ import annotations

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
