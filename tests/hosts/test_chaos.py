"""Whatever befalls processes, network and disks: nothing offered is lost, every loss is known."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.hosts import chaos
from tests.support import losses

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
    losses.none_of(found.wrong and str(found))
    assert found.offered > chaos.LISTENERS * 8


@pytest.mark.parametrize("since", [0, 1, 54, 69, 372, 400, 600, 754, 2050, 20_000])
def test_what_people_hear_follows_one_after_the_other_on_what_they_heard_before(since: int) -> None:
    for count in (1, 4, *range(55, 70)):
        fitting, apart = chaos.in_a_row(count, since)
        ends = [since - apart * place for place in range(fitting)]
        assert len(set(ends)) == fitting <= count
        assert all(end > 0 for end in ends)  # 0 is what was heard last before
