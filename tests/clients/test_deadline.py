"""Deadlines: shared, of parts, and ended sooner."""

from __future__ import annotations

from audiospective.clients.deadline import Deadline


def test_a_part_ends_with_the_whole_and_ends_nothing_else() -> None:
    whole = Deadline(60)
    first, second = whole.part(20), whole.part(90)
    assert first.remaining() <= 20 < second.remaining() <= 60
    first.stop()
    assert (first.stopped, second.stopped, whole.stopped) == (True, False, False)
    whole.stop()
    assert second.stopped
    assert second.remaining() == 0
    assert whole.part(5).stopped
