"""Closed years move by the timetable where that is wanted, and come home with one command."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from click.testing import CliRunner
from peewee import OperationalError

from audiospective import clock, history, models
from audiospective.accounts import deletion, erasure
from audiospective.cli import audiospective
from audiospective.clients.deadline import Deadline
from audiospective.history import bulk_add, sealing, segment
from audiospective.history.closed import moving, prefix
from audiospective.history.closed.sweeping import Swept
from audiospective.jobs import context, tasks
from audiospective.models import PlaySegment, User
from audiospective.models.marks import Mark
from audiospective.operations import closed_years
from audiospective.operations.doctor import Finding
from audiospective.operations.doctor import closed_years as looked_at
from audiospective.services import Services
from audiospective.settings import Settings
from tests.factories import make_user
from tests.history.closing import Fragile, bound
from tests.history.making import MINUTE, track
from tests.support.clocks import Frozen

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


def test_years_that_are_lost_or_damaged_keep_no_others_from_coming_home(
    moving_out: Services, files: Fragile, alice: int
) -> None:
    closed_years.round_of(moving_out)
    keys = [row.object for row in PlaySegment.select().order_by(PlaySegment.year)]
    for key in keys[:2]:
        files.delete(key)
    for key in keys[2:4]:
        files.put(key, b"other bytes")
    done = closed_years.home()
    assert (done.moved, done.failed) == (2, 4)
    assert [year for _, year in moving.away()] == [2016, 2017, 2018, 2019]


def test_a_member_whose_year_meets_an_error_keeps_nothing_from_the_others(
    moving_out: Services, files: Fragile, alice: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = moving.take

    def take(user_id: int, year: int, own: str) -> bool:
        if year == YEARS[0]:
            raise ValueError("of this year alone")
        return whole(user_id, year, own)

    monkeypatch.setattr(moving, "take", take)
    done = closed_years.round_of(moving_out)
    assert (done.moved, done.failed) == (len(YEARS) - 1, 1)
    assert done.swept is not None


def test_a_database_that_goes_away_ends_the_round(
    moving_out: Services, files: Fragile, alice: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def take(*_: object) -> bool:
        raise OperationalError("no server answers") from None

    monkeypatch.setattr(moving, "take", take)
    monkeypatch.setattr(closed_years, "says_away", lambda error: True)
    with pytest.raises(OperationalError):
        closed_years.round_of(moving_out)


def test_who_is_deleted_in_a_copy_of_the_database_loses_nothing_of_the_original(
    moving_out: Services, files: Fragile, alice: int, frozen: Frozen
) -> None:
    closed_years.round_of(moving_out)
    first = prefix.known() or ""
    kept = {one.key for one in files.list(first)}
    assert len(kept) == len(YEARS) + 1
    copied = Mark.get(Mark.name == "closed_years").note
    # From here on this is the copy, and she is deleted there.
    deletion.at_once(moving_out, User.get_by_id(alice))
    assert erasure.carry_out(moving_out, Deadline(60)) == 1
    assert {one.key for one in files.list(first)} == kept
    frozen.forward(hours=12)
    closed_years.round_of(moving_out)
    assert {one.key for one in files.list(first)} == kept
    # The original's next round, and the copy's after it.
    noted = Mark.get(Mark.name == "closed_years").note
    Mark.put("closed_years", clock.now(), copied)
    frozen.forward(hours=12)
    assert prefix.own(files, clock.now()) != first  # it is not alone there, and copies its years
    Mark.put("closed_years", clock.now(), noted)
    frozen.forward(hours=12)
    assert closed_years.round_of(moving_out).swept == Swept(len(YEARS), len(YEARS), len(YEARS))


def test_a_copy_whose_job_runs_first_touches_nothing_and_says_so(
    moving_out: Services, files: Fragile, alice: int, frozen: Frozen
) -> None:
    closed_years.round_of(moving_out)
    first = prefix.known() or ""
    kept = {one.key: files.get(one.key) for one in files.list(first)}
    elsewhere = replace(moving_out.settings, base_url="https://trial.example")
    copy = replace(moving_out, settings=elsewhere)
    frozen.forward(days=40)
    deletion.at_once(moving_out, User.get_by_id(alice))
    for _ in range(3):  # its own members leave, and it tries night after night
        done = closed_years.round_of(copy)
        assert (done.failed, done.swept) == (1, None)
        assert "another deployment" in done.taken
        frozen.forward(days=1)
    assert {one.key: files.get(one.key) for one in files.list(first)} == kept
    assert looked_at.look(moving_out).advice == ""
    told = looked_at.look(copy)
    assert "belongs to another deployment" in told.state
    assert "years claim" in told.advice
    assert closed_years.round_of(moving_out).taken == ""  # the original goes on
    # It is no copy but has moved, and somebody says so.
    frozen.forward(days=1)
    assert closed_years.take_over(copy) == first
    assert looked_at.look(copy) == Finding("Closed years", "go to storage")
    files.away = True
    assert "does not say whose they are" in looked_at.look(copy).state
    files.away = False
    frozen.forward(days=1)
    assert closed_years.round_of(copy).taken == ""
    frozen.forward(days=1)
    assert closed_years.round_of(moving_out).taken


def test_a_folder_of_before_gets_the_name_of_its_deployment(
    moving_out: Services, files: Fragile, frozen: Frozen
) -> None:
    first = prefix.own(files, clock.now())
    assert " " not in files.get(f"{first}/owner").decode()
    frozen.forward(days=1)
    closed_years.round_of(moving_out)
    _, _, by = files.get(f"{first}/owner").decode().partition(" ")
    assert by == moving_out.settings.deployment
    named = replace(moving_out.settings, instance_name="home")
    assert by != named.deployment == replace(named, base_url="https://new.example").deployment


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
