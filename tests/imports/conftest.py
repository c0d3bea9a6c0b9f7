"""Reading without a process of its own, for tests that are about something else."""

from __future__ import annotations

import pytest

from tests.imports.importing import without_processes


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files are read in this very process: starting another takes longer than reading them."""
    without_processes(monkeypatch)
