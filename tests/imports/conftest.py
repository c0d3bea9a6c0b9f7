"""Reading without a process of its own, for tests that are about something else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from audiospective.imports import child, reading_step
from audiospective.imports.findings import Findings


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files are read in this very process: starting another takes longer than reading them."""

    def run(order: child.Order, tick: Callable[[int], None]) -> Findings:
        found = child.read(order)
        tick(sum(file.rows for file in found.files))
        Path(order.out, child.FINDINGS).write_text(found.dumps())
        return found

    monkeypatch.setattr(reading_step, "run", run)
    monkeypatch.setattr(child, "_tell", lambda rows: None)
