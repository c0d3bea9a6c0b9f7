"""Deletes plays for good, and takes it back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from audiospective import clock

Key = tuple[datetime, int]  # played_at (aware), track of the catalog


def remove(user_id: int, plays: Sequence[Key]) -> int:
    """Delete somebody's plays, so that no poll brings them back; how many there were."""
    from audiospective.history import removal

    return removal.remove(user_id, [(clock.to_ms(at), track) for at, track in plays])


def restore(user_id: int, plays: Sequence[Key]) -> int:
    """Undo deletions of the last 30 days; how many plays came back."""
    from audiospective.history import removal

    return removal.restore(user_id, [(clock.to_ms(at), track) for at, track in plays])


def forget() -> int:
    """Drop what was kept for undoing longer than it was promised."""
    from audiospective.history import removal

    return removal.forget(clock.now())
