"""What a web process may keep in memory."""

from __future__ import annotations

import pytest

from audiospective.policy import kept_memory
from audiospective.policy.kept_memory import LEAST, MOST


@pytest.mark.parametrize(
    ("memory", "processes", "expected"),
    [
        (0, 1, LEAST),  # the system does not tell
        (512_000_000, 1, LEAST),
        (512_000_000, 2, LEAST),
        (1_000_000_000, 1, 250_000_000),
        (1_000_000_000, 2, LEAST),
        (2_000_000_000, 2, 250_000_000),
        (24_000_000_000, 1, MOST),
        (24_000_000_000, 0, MOST),
    ],
)
def test_a_quarter_of_the_memory_is_kept(memory: int, processes: int, expected: int) -> None:
    assert kept_memory.budget(memory, processes) == expected
