"""How rows of Spotify's form say that an archive like this one wrote them."""

from __future__ import annotations

import re
from typing import NamedTuple

from audiospective.policy.timing import OF_SENDER, Timing

KEY = "user_agent_decrypted"
FILLED_IN = "{} (filled in: {})"  # sender, names of keys
_NAME = r"(?:ts|ms_played|reason_end)"
_NAMES = rf"{_NAME}(?:, {_NAME}){{0,2}}"
# A value that this program wrote: it is nobody's browser.
VALUE = rf"audiospective(?:-[a-z_]+)?(?: \(filled in: {_NAMES}\))?"
_VALUE = re.compile(rf"([a-z_-]+)(?: \(filled in: ({_NAMES})\))?")


class Written(NamedTuple):
    """What the time of a row is, and which keys hold what its archive did not know."""

    timing: Timing
    filled: frozenset[str]


def written(value: str) -> Written | None:
    """What a value of KEY says; None if it is not one of this program."""
    match = _VALUE.fullmatch(value)
    if match is None or match[1] not in OF_SENDER:
        return None
    return Written(OF_SENDER[match[1]], frozenset((match[2] or "").split(", ")) - {""})
