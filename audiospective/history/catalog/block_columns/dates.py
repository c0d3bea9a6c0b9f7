"""Release dates of three precisions, as four bytes."""

from __future__ import annotations

import re

_DATES = {
    "year": re.compile(r"(\d{4})", re.ASCII),
    "month": re.compile(r"(\d{4})-(\d\d)", re.ASCII),
    "day": re.compile(r"(\d{4})-(\d\d)-(\d\d)", re.ASCII),
}
_PRECISIONS = (None, "year", "month", "day")
_CENTURY = 1900
NO_DATE = (0, 0, 0, 0)


def pack_date(text: str | None, precision: str | None) -> tuple[int, int, int, int] | None:
    """Precision, years since 1900, month and day as bytes; None where that does not say it all."""
    if text is None and precision is None:
        return NO_DATE
    form = _DATES.get(precision or "")
    found = form.fullmatch(text) if form and text else None
    if found is None:
        return None
    year, month, day = (int(part) for part in (*found.groups(), 0, 0)[:3])
    if not _CENTURY <= year < _CENTURY + 256:
        return None
    return _PRECISIONS.index(precision), year - _CENTURY, month, day


def unpack_date(form: int, year: int, month: int, day: int) -> tuple[str | None, str | None]:
    precision = _PRECISIONS[form]
    parts = (f"{year + _CENTURY:04}", f"{month:02}", f"{day:02}")[:form]
    return ("-".join(parts) or None), precision
