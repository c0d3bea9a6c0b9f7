"""Titles of recordings without what only names an issue."""

from __future__ import annotations

import re

from audiospective.policy.folding import fold

_ISSUE = (
    r"(?:\d{4}\s+)?(?:digital(?:ly)?\s+)?re-?master(?:ed)?(?:\s+(?:version|edition))?(?:\s+\d{4})?"
    r"|(?:super\s+)?deluxe(?:\s+(?:version|edition))?|(?:album|single|original|lp|standard)\s+version"
    r"|(?:bonus|hidden)\s+track|expanded(?:\s+edition)?|anniversary\s+edition|mono|stereo"
    r"|(?:mono|stereo)\s+(?:version|mix)|explicit|clean|original\s+mix"
    r"|\d+(?:th|st|nd|rd)\s+anniversary(?:\s+(?:version|edition))?"
)
_GUEST = r"(?:feat\.?|ft\.?|featuring|with)\s+[^()\[\]]+"
_SUFFIX = re.compile(
    rf"\s*(?:[(\[]\s*(?:{_ISSUE}|{_GUEST})(?:\s*[-/]\s*(?:{_ISSUE}))*\s*[)\]]"
    rf"|\s-\s+(?:{_ISSUE})(?:\s*[-/]\s*(?:{_ISSUE}))*)\s*$"
)


def base_title(title: str) -> str:
    """A folded title without what only names an issue: remaster, deluxe, mono, a guest.

    Live versions, remixes, edits, demos and covers are other recordings and keep their words.
    """
    text = fold(title)
    while (shorter := _SUFFIX.sub("", text)) != text and shorter:
        text = shorter
    return text
