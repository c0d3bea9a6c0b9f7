"""Whatever befalls processes, network and disks: nothing offered is lost, every loss is known."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.hosts import chaos

SEED = 20_261_126
SHORT = ("kill_job", "disk_full", "database_cut", "flush", "cut", "freeze")


@pytest.mark.races
def test_nothing_offered_is_lost_and_every_loss_lies_in_a_gap(
    database_url: str, redis_url: str, tmp_path: Path
) -> None:
    with chaos.installed(database_url, redis_url, tmp_path / "home", SEED) as run:
        for fault in SHORT:
            run.step(fault)
        found = run.judge()
    assert found.wrong == [], str(found)
    assert found.offered > chaos.LISTENERS * 8
