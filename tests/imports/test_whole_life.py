"""Whatever happens to an archive in whatever order: each play once, none lost, none invented."""

from __future__ import annotations

from pathlib import Path

import pytest

from audiospective.services import Services
from tests.fakes import FakeSpotify
from tests.imports import whole_life
from tests.support.clocks import Frozen


@pytest.fixture
def database_url(sqlite_database_url: str) -> str:
    """What differs between databases is tested beside each act."""
    return sqlite_database_url


@pytest.mark.parametrize("seed", [0, 48])
def test_an_archive_is_right_after_each_of_many_acts_in_any_order(
    seed: int, services: Services, spotify: FakeSpotify, frozen: Frozen, tmp_path: Path
) -> None:
    with whole_life.world(services, spotify, frozen, tmp_path) as world:
        whole_life.live(world, whole_life.acts(seed, 20))
        assert world.archive.there()


def test_each_act_happens_in_the_short_worlds() -> None:
    happened = {name for seed in (0, 48) for name, _ in whole_life.acts(seed, 20)}
    assert happened == set(whole_life.ACTS), whole_life.ACTS.keys() - happened
