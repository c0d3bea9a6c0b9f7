"""Closed years move by the timetable where that is wanted, and come home with one command."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from click.testing import CliRunner

from audiospective import clock, history, models
from audiospective.cli import audiospective
from audiospective.history import bulk_add, sealing, segment
from audiospective.history.closed import moving
from audiospective.jobs import context, tasks
from audiospective.models import PlaySegment
from audiospective.operations import closed_years
from audiospective.services import Services
from audiospective.settings import Settings
from tests.factories import make_user
from tests.history.closing import Fragile, bound
from tests.history.making import MINUTE, track

YEARS = range(2016, 2022)


@pytest.fixture
def alice() -> int:
    """Six years of plays, at rest for long."""
    user_id, song = make_user().id, track("song")
    starts = [clock.to_ms(datetime(year, 5, 1, tzinfo=UTC)) for year in YEARS]
    plays = [start + n * MINUTE for start in starts for n in range(5)]
    bulk_add.absorb(user_id, segment.of([{"played_at": at, "track": song, "source": 2}
                                         for at in plays]))  # fmt: skip
    sealing.seal(user_id, keep=0, trigger=0)
    PlaySegment.update(sealed_at=datetime(2024, 1, 1, tzinfo=UTC)).execute()
    return user_id


@pytest.fixture
def files(services: Services) -> Iterator[Fragile]:
    with bound(Fragile(services.storage)) as one:
        yield one


@pytest.fixture
def moving_out(services: Services, files: Fragile) -> Services:
    wanted = replace(services.settings, closed_years="storage")
    return replace(services, settings=wanted, storage=files)


def test_files_keep_years_in_the_database_and_buckets_do_not(settings: Settings) -> None:
    assert not settings.keeps_closed_years_in_storage
    assert replace(settings, storage_url="s3://bucket").keeps_closed_years_in_storage
    chosen = replace(settings, storage_url="s3://bucket", closed_years="database")
    assert not chosen.keeps_closed_years_in_storage


def test_the_nightly_job_moves_them_and_leaves_a_database_alone_that_keeps_them(
    services: Services, moving_out: Services, files: Fragile, alice: int
) -> None:
    with context.use(services):
        tasks.move_closed_years()
    assert moving.away() == []
    assert files.calls == 0
    with context.use(moving_out):
        tasks.move_closed_years()
    assert len(moving.away()) == len(YEARS)
    assert history.frame(alice).height == 30


def test_a_round_ends_when_storage_is_away_and_the_next_one_goes_on(
    moving_out: Services, files: Fragile, alice: int
) -> None:
    files.away = True
    assert closed_years.round_of(moving_out).failed == 1
    files.away = False
    assert closed_years.round_of(moving_out).moved == len(YEARS)
    files.away = True
    done = closed_years.home()
    assert (done.moved, done.failed) == (0, closed_years.IN_A_ROW)
    files.away = False
    assert closed_years.home().moved == len(YEARS)
    assert history.frame(alice).height == 30


def test_the_command_lists_moves_and_brings_home(
    settings: Settings, services: Services, alice: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = replace(settings, closed_years="storage")
    monkeypatch.setattr(Settings, "from_env", classmethod(lambda cls: chosen))

    def run(*arguments: str) -> Any:
        done = CliRunner().invoke(audiospective, ["years", *arguments])
        models.database.initialize(services.database)  # the command had a connection of its own
        assert done.exit_code == 0, done.output
        return done.output

    assert run() == "0 years of 0 members are in storage\n"
    assert run("move") == "6 years moved, 0 failed\n6 years of 1 members are in storage\n"
    assert run("home") == "6 years moved, 0 failed\n0 years of 0 members are in storage\n"
