"""Which tracks of a member are one recording, and which of them all are counted as."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from audiospective.policy.folding import fold

# Where a recording is at home, the best first: albums before what gathers or announces them.
HOMES = ("album", "ep", "single", None, "compilation")
CLOSE = 4_000  # ms by which two issues of one recording may differ


@dataclass(frozen=True)
class Choice:
    """What a member decided about two tracks: `track` counts as `other`, or they differ.

    `at` orders decisions; any unit.
    """

    track: int
    other: int
    together: bool
    at: int


def heads(
    alike: Iterable[Collection[int]],
    choices: Collection[Choice],
    homes: Mapping[int, str | None],
) -> dict[int, int]:
    """What each track counts as; tracks that count as themselves are not in the answer.

    `alike`: groups of tracks that are one recording by themselves; `homes`: album types of all
    tracks that there are. A track that the member set apart from one of its group leaves that
    group. Of several tracks the target of the latest merge by hand is the one counted, else the
    one with the best of HOMES, else the one with the lowest number.
    """
    apart = {(one.track, one.other) for one in choices if not one.together}
    merged = [one for one in choices
              if one.together and one.track in homes and one.other in homes]  # fmt: skip
    parent: dict[int, int] = {}
    for group in alike:
        left = [one for one in group if one in homes]
        left = [one for one in left if not any((one, other) in apart for other in group)]
        for one in left[1:]:
            _join(parent, left[0], one)
    for choice in merged:
        _join(parent, choice.track, choice.other)
    classes: dict[int, list[int]] = {}
    for one in parent:
        classes.setdefault(_root(parent, one), []).append(one)
    latest = {_root(parent, one.other): one.other for one in sorted(merged, key=lambda c: c.at)}
    found: dict[int, int] = {}
    for root, members in classes.items():
        head = latest.get(root)
        if head is None:
            head = min(members, key=lambda one: (_home(homes[one]), one))
        found |= {one: head for one in members if one != head}
    return found


def _home(kind: str | None) -> int:
    return HOMES.index(kind if kind in HOMES else None)


def _root(parent: dict[int, int], one: int) -> int:
    while parent.setdefault(one, one) != one:
        parent[one] = parent[parent[one]]
        one = parent[one]
    return one


def _join(parent: dict[int, int], one: int, other: int) -> None:
    first, second = sorted((_root(parent, one), _root(parent, other)))
    parent[second] = first


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


@dataclass(frozen=True)
class Candidate:
    """A recording that may be another one's twin; `plays` orders suggestions."""

    track: int
    base: str  # its base title
    artist: int
    duration_ms: int | None
    plays: int


def suggestions(
    candidates: Iterable[Candidate], apart: Collection[frozenset[int]]
) -> list[tuple[Candidate, Candidate]]:
    """Pairs (less played, most played) of one artist and base title, most plays first.

    Lengths that are known differ by at most CLOSE; pairs in `apart` were decided already.
    """
    alike: dict[tuple[int, str], list[Candidate]] = {}
    for one in candidates:
        if one.base:
            alike.setdefault((one.artist, one.base), []).append(one)
    found = []
    for group in alike.values():
        leader, *others = sorted(group, key=lambda one: (-one.plays, one.track))
        found += [
            (other, leader)
            for other in others
            if frozenset((other.track, leader.track)) not in apart and _close(other, leader)
        ]
    return sorted(found, key=lambda pair: (-pair[0].plays, pair[0].track))


def _close(one: Candidate, other: Candidate) -> bool:
    if one.duration_ms is None or other.duration_ms is None:
        return True
    return abs(one.duration_ms - other.duration_ms) <= CLOSE


def classes(of: Mapping[int, int]) -> dict[int, Sequence[int]]:
    """The tracks that count as each head, the head first, then by number."""
    found: dict[int, list[int]] = {}
    for one, head in sorted(of.items()):
        found.setdefault(head, [head]).append(one)
    return dict(found)
