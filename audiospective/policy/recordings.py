"""Which tracks of a member are one recording, and which of them all are counted as."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

# Where a recording is at home, the best first: albums before what gathers or announces them.
HOMES = ("album", "ep", "single", None, "compilation")


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


def classes(of: Mapping[int, int]) -> dict[int, Sequence[int]]:
    """The tracks that count as each head, the head first, then by number."""
    found: dict[int, list[int]] = {}
    for one, head in sorted(of.items()):
        found.setdefault(head, [head]).append(one)
    return dict(found)
