"""What no second try may hide: plays that were lost, doubled, or not accounted for."""

from __future__ import annotations


class LossError(AssertionError):
    """Fails also a test that is marked `races`, at once."""


def none_of(wrong: object) -> None:
    """Raises LossError unless there is nothing of it."""
    if wrong:
        raise LossError(str(wrong))
