"""Which settings of two processes have to be the same, and when they count as such."""

from __future__ import annotations

import pytest

from audiospective.policy import agreement
from audiospective.policy.agreement import Said


def said(keys: str, secret: str = "", role: str = "web", **more: list[str]) -> Said:
    """One process; `keys` and `secret` are one letter for each key, the one in use first."""
    values = {"SECRET_KEY": list(secret), **more}
    return Said(role, list(keys), dict.fromkeys(keys, values))


WORKER = "worker"
PAIRS = [
    ("the same", said("a", "s"), said("a", "s"), []),
    ("another key encrypts", said("a", "s"), said("b", "s"), ["TOKEN_KEYS"]),
    ("only one reads the new key", said("ba", "s"), said("a", "s"), ["TOKEN_KEYS"]),
    ("both read both keys", said("ba", "s"), said("ab", "s"), []),
    ("the former key is not read any more", said("b", "s"), said("ba", "s"), []),
    ("another secret key signs", said("a", "s"), said("a", "t"), ["SECRET_KEY"]),
    ("only one reads what the new one signed", said("a", "ts"), said("a", "s"), ["SECRET_KEY"]),
    ("both read both secret keys", said("a", "ts"), said("a", "st"), []),
    ("what only one names", said("a", "s", NEW=["x"]), said("a", "s"), []),
    ("what one says nothing of", said("a", "s", X=["x"]), said("a", "s", X=[]), ["X"]),
    ("nothing is said at all", said("", ""), said("a", "s"), ["TOKEN_KEYS"]),
    ("both", said("ba", "t"), said("a", "s"), ["TOKEN_KEYS", "SECRET_KEY"]),
]


@pytest.mark.parametrize(("one", "other", "found"), [row[1:] for row in PAIRS],
                         ids=[row[0] for row in PAIRS])  # fmt: skip
def test_in_what_two_processes_differ(one: Said, other: Said, found: list[str]) -> None:
    assert agreement.differing(one, other) == found
    assert agreement.differing(other, one) == found


def test_of_many_processes_those_are_named_that_differ() -> None:
    apart = agreement.between(
        [said("a", "s"), said("a", "s", "scheduler"), said("a", "t", "worker")]
    )
    assert agreement.in_words(apart) == "SECRET_KEY (scheduler, web / worker)"
    two = agreement.between([said("a", "s"), said("a", "t")])
    assert agreement.in_words(two) == "SECRET_KEY (web / web)"
    assert agreement.between([said("a", "s")]) == {}
