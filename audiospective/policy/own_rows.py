"""How rows of Spotify's form say that an archive like this one wrote them.

A mark does, in `platform`, before the program that the play is from, where that is known: strict
readers refuse keys that Spotify's rows do not have, and of that one any text is taken.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from audiospective.policy.timing import OF_SENDER, Timing

FILLED_IN = "{} (filled in: {})"  # sender, names of keys
BEFORE = "{}, {}"  # mark, platform
_NAME = r"(?:ts|ms_played|reason_end)"
_NAMES = rf"{_NAME}(?:, {_NAME}){{0,2}}"
_SENDERS = "|".join(OF_SENDER)
MARK = rf"(?:{_SENDERS})(?: \(filled in: {_NAMES}\))?"
_PARTS = re.compile(rf"({_SENDERS})(?: \(filled in: ({_NAMES})\))?")
_MARKED = re.compile(rf"^{MARK}(?:, |\Z)")


class Written(NamedTuple):
    """What the time of a row is, and which keys hold what its archive did not know."""

    timing: Timing
    filled: frozenset[str]


def written(mark: str) -> Written:
    """What a text that MARK matches says; raises ValueError for another."""
    match = _PARTS.fullmatch(mark)
    if match is None:
        raise ValueError(mark)
    return Written(OF_SENDER[match[1]], frozenset((match[2] or "").split(", ")) - {""})


def platform(value: str | None) -> str | None:
    """A value of `platform` without a mark; None for a mark alone."""
    return (_MARKED.sub("", value, count=1) or None) if value else None
