"""Time that stands still until a test moves it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from audiospective import clock

START = datetime(2026, 3, 14, 15, 9, 26, 535000, tzinfo=UTC)


class Frozen:
    """A clock for the whole process: `frozen.now`, moved by `forward(minutes=5)` or `to(...)`."""

    def __init__(self, start: datetime = START) -> None:
        self.now = start

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **amount: float) -> datetime:
        """Move on by a timedelta given in its own words, and return the new present."""
        return self.to(self.now + timedelta(**amount))

    def to(self, instant: datetime) -> datetime:
        """Stand at `instant`, which must know its zone."""
        assert instant.tzinfo is not None
        self.now = instant.astimezone(UTC)
        return self.now


@pytest.fixture
def frozen() -> Iterator[Frozen]:
    """The package's clock, standing at START."""
    source = Frozen()
    with clock.use(source):
        yield source
