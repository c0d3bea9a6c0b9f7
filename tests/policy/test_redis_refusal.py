"""What a Redis that cannot be used is said to lack."""

from __future__ import annotations

import pytest

from audiospective.policy import redis_refusal

SAID = [
    ("[SSL] certificate verify failed: self-signed", "set REDIS_TLS_VERIFY=off.", False),
    ("DENIED Redis is running in protected mode because", "Give it a password", False),
    ("command not allowed when used memory > 'maxmemory'.", "is full", True),
    ("MISCONF Redis is configured to save RDB snapshots", "Make room on its disk", True),
    ("You can't write against a read only replica.", "REDIS_URL name the primary", True),
    (
        "Error 111 connecting to 127.0.0.1:1. Connection refused.",
        "does not answer (refused)",
        False,
    ),
]


@pytest.mark.parametrize(("said", "words", "takes_nothing"), SAID)
def test_what_keeps_it_from_being_used_is_named(said: str, words: str, takes_nothing: bool) -> None:
    assert words in redis_refusal.in_words(said, "refused")
    assert redis_refusal.takes_nothing(said) == takes_nothing
