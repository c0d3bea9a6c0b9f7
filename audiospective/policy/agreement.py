"""Which settings two processes of one instance read differently, though they have to agree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

KEYS_THAT_ENCRYPT = "TOKEN_KEYS"


@dataclass(frozen=True)
class Said:
    """What one process says of its settings, all of it as fingerprints.

    `token_keys`: of each of its keys, the one that encrypts first. `under`: by the fingerprint of
    a token key, what that key makes of the others: by setting, the value in use and then those
    that are read as well.
    """

    role: str
    token_keys: Sequence[str]
    under: Mapping[str, Mapping[str, Sequence[str]]]


def differing(one: Said, other: Said) -> list[str]:
    """Names of settings in which two processes differ; without a common token key only that one.

    A setting that only one of them names is of another release and left out.
    """
    found = [] if _agree(one.token_keys, other.token_keys) else [KEYS_THAT_ENCRYPT]
    key = next((key for key in one.token_keys if key in other.token_keys), None)
    if key is not None:
        mine, theirs = one.under.get(key, {}), other.under.get(key, {})
        found += [name for name in mine if name in theirs and not _agree(mine[name], theirs[name])]
    return found


def between(processes: Sequence[Said]) -> dict[str, list[list[str]]]:
    """By setting in which any two differ: the roles that agree on it, in groups, all in order."""
    apart = [
        (name, one, other)
        for place, one in enumerate(processes)
        for other in processes[place + 1 :]
        for name in differing(one, other)
    ]
    return {name: _groups(name, processes) for name in dict.fromkeys(name for name, *_ in apart)}


def in_words(found: Mapping[str, Sequence[Sequence[str]]]) -> str:
    """`SECRET_KEY (scheduler, web / worker)`: those on each side of a slash read the same."""
    return ", ".join(
        f"{name} ({' / '.join(', '.join(roles) for roles in groups)})"
        for name, groups in found.items()
    )


def _groups(name: str, processes: Sequence[Said]) -> list[list[str]]:
    groups: list[list[Said]] = []
    for one in processes:
        fits = (g for g in groups if all(name not in differing(one, other) for other in g))
        group = next(fits, None)
        if group is None:
            groups.append([one])
        else:
            group.append(one)
    return sorted(sorted({one.role for one in group}) for group in groups)


def _agree(one: Sequence[str], other: Sequence[str]) -> bool:
    """Whether each reads what the other one writes: a key may have been changed on purpose."""
    return bool(one and other) and one[0] in other and other[0] in one
