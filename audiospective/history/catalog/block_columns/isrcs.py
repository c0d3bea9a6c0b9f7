"""ISRCs: a label and a number."""

from __future__ import annotations

import re

_ISRC = re.compile(r"([A-Z]{2}[A-Z0-9]{3})([0-9]{7})", re.ASCII)
ISRC_LABEL = 5
NO_LABEL = " " * ISRC_LABEL


def pack_isrc(code: str | None) -> tuple[str, int | None] | None:
    """Country and registrant, and the number of year and recording; None for another form."""
    if code is None:
        return NO_LABEL, None
    found = _ISRC.fullmatch(code)
    return (found[1], int(found[2])) if found else None
