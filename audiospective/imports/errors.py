"""How reading a file fails: one tree, every leaf a sentence for the person who sent it.

RefusedError
├── ContainerError      not readable as what it says it is, or too much of something
├── NotHistoryError     readable, and not listening history: says what it is and what is wanted
└── QuestionError       readable once somebody answers: carries the question
"""

from __future__ import annotations


class RefusedError(Exception):
    """`sentence` is plain, ends with a full stop and names no path of this machine."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class ContainerError(RefusedError):
    """A damaged, hostile or oversized file."""


class NotHistoryError(RefusedError):
    """Something else than listening history."""
