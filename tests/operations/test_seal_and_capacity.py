"""Sealing jobs, the ledger, and the commands that look after the archive."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from audiospective import clock, history, models
from audiospective.cli import audiospective
from audiospective.clients.queues import BULK
from audiospective.history import append, removal, row_size, sealing
from audiospective.jobs import context, tasks
from audiospective.models import (
    DamagedSegment,
    Play,
    PlaySegment,
    StorageRecord,
    User,
    dialects,
)
from audiospective.models.base import is_sqlite
from audiospective.models.notices import Notice
from audiospective.notices import compose
from audiospective.operations import capacity, seal, verify
from audiospective.operations.backup import making
from audiospective.services import Services
from audiospective.settings import Settings
from tests.factories import make_user
from tests.history.making import MINUTE, track
from tests.support.clocks import Frozen


def fill(user_id: int, plays: int) -> None:
    song, newest = track(f"song of {user_id}"), clock.to_ms(clock.now())
    rows = [append.NewPlay(user_id, newest - n * MINUTE, song, None) for n in range(plays)]
    for start in range(0, plays, 500):
        append.polled(rows[start : start + 500])


def operator(**values: Any) -> User:
    return make_user(
        "olga", is_operator=True, email="olga@example.org", email_verified_at=clock.now(), **values
    )


def written(services: Services) -> compose.Words:
    facts = compose.opened(services, Notice.get())
    return compose.render("operator_alert", facts | {"unsubscribe_url": None})


def test_who_is_due_is_sealed_within_the_hour(
    services: Services, frozen: Frozen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seal, "TOGETHER", 1)
    for name, plays in (("alice", 201), ("bob", 200), ("charlie", 400)):
        fill(make_user(name).id, plays)
    assert seal.spread(services) == 2
    assert seal.spread(services) == 2  # again, as after a restart: each waits once
    waiting = list(services.queues.scheduler().get_jobs(with_times=True))
    assert [job.origin for job, _ in waiting] == [BULK, BULK]
    assert waiting[1][1] - waiting[0][1] == timedelta(minutes=30)
    with context.use(services), ThreadPoolExecutor(1) as worker:
        for job, _ in waiting:
            worker.submit(getattr(tasks, job.func_name.rpartition(".")[2]), *job.args).result()
    assert Play.select().count() == 100 + 200 + 100
    assert seal.due() == []


def test_one_job_seals_many_and_whose_plays_cannot_be_sealed_stops_nobody(
    services: Services, frozen: Frozen, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = [make_user(name).id for name in ("alice", "bob", "charlie")]
    for user_id in people:
        fill(user_id, 201)
    real = sealing.seal
    monkeypatch.setattr(sealing, "seal", lambda one: real(one) if one != people[1] else 1 / 0)
    assert seal.spread(services) == 3
    (job,) = services.queues.scheduler().get_jobs()
    assert sorted(job.args[0]) == people
    with context.use(services), ThreadPoolExecutor(1) as worker:
        worker.submit(tasks.seal_members, *job.args).result()
    assert Play.select().count() == 100 + 201 + 100


def test_the_ledger_has_one_line_a_day(services: Services, frozen: Frozen) -> None:
    alice = make_user()
    fill(alice.id, 30)
    sealing.seal(alice.id, keep=10, trigger=0)
    first = capacity.record(services)
    assert (first.members, first.hot, first.sealed, first.warned) == (1, 10, 20, 0)
    assert first.size > 0
    frozen.forward(minutes=5)
    capacity.record(services)
    frozen.forward(days=1)
    capacity.record(services)
    assert StorageRecord.select().count() == 2


def test_operators_are_told_once_at_each_mark(services: Services, frozen: Frozen) -> None:
    operator()
    size = capacity.measure(costs=False).size

    def with_budget(share: float) -> Services:
        budget = max(1, round(size / share / 1_000_000))
        return replace(services, settings=replace(services.settings, storage_budget_mb=budget))

    capacity.record(with_budget(0.1))
    assert Notice.select().count() == 0
    tight = replace(services, settings=replace(services.settings, storage_budget_mb=0))
    assert capacity.record(tight).warned == 95
    assert Notice.select().count() == 1
    frozen.forward(days=1)
    capacity.record(tight)
    assert Notice.select().count() == 1
    email = written(services)
    assert "filling up" in email.subject
    assert "are used, more than 95 %" in email.text
    assert "are used, more than 95 %" in email.html


def test_damage_is_reported_once_and_verify_says_so(services: Services) -> None:
    operator()
    alice = make_user()
    fill(alice.id, 30)
    sealing.seal(alice.id, keep=10, trigger=0)
    assert verify.everything(services) == 0
    PlaySegment.update(sha256="0").execute()
    assert verify.everything(services) == 1
    assert verify.everything(services) == 1
    assert Notice.select().count() == 1
    email = written(services)
    assert "damaged" in email.subject
    assert "2026: its bytes do not have the hash" in email.text


def test_the_daily_job_drops_what_can_no_longer_be_undone(
    services: Services, frozen: Frozen
) -> None:
    alice = make_user()
    fill(alice.id, 3)
    keys = [(clock.to_ms(one.played_at), one.track_id) for one in history.recent(alice.id)]
    assert removal.remove(alice.id, keys[:1]) == 1
    frozen.forward(days=20)
    assert removal.remove(alice.id, keys[1:]) == 2
    frozen.forward(days=11)
    with context.use(services):
        tasks.keep_ledger()
    assert removal.restore(alice.id, keys) == 2


@pytest.fixture
def command(services: Services, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(Settings, "from_env", classmethod(lambda cls: settings))

    def run(*arguments: str) -> Any:
        done = CliRunner().invoke(audiospective, list(arguments))
        models.database.initialize(services.database)  # the command had a connection of its own
        return done

    return run


def test_verify_exits_with_one_on_damage(services: Services, command: Any) -> None:
    alice = make_user()
    fill(alice.id, 30)
    sealing.seal(alice.id, keep=10, trigger=0)
    sound = command("verify")
    assert (sound.exit_code, sound.output) == (
        0,
        "1 archives, 1 segments, 20 sealed plays, 0 faults\n",
    )
    PlaySegment.update(sha256="0").execute()
    broken = command("verify", "alice")
    assert broken.exit_code == 1
    assert "year 2026 is damaged and set aside" in broken.output
    assert DamagedSegment.select().count() == 1


def test_verify_puts_back_a_year_that_nothing_knew_to_be_damaged(
    services: Services, command: Any, tmp_path: Path
) -> None:
    alice = make_user()
    fill(alice.id, 30)
    sealing.seal(alice.id, keep=10, trigger=0)
    making.make(services, tmp_path / "one.backup")
    PlaySegment.update(blob=b"spoilt").execute()
    mended = command("verify", "--from", str(tmp_path / "one.backup"))
    assert mended.exit_code == 0, mended.output
    assert "1 damaged year found whole in the backup" in mended.output
    assert "year 2026 is whole again" in mended.output


def test_capacity_prints_sizes_forecast_and_bill(services: Services, command: Any) -> None:
    alice = make_user()
    fill(alice.id, 300)
    sealing.seal(alice.id, keep=100, trigger=0)
    done = command("capacity")
    assert done.exit_code == 0, done.output
    for words in (
        "play_segments",
        "a sealed play",
        "all in the database",
        "in storage",
        "100,000 members",
    ):
        assert words in done.output


def test_a_late_play_does_not_make_a_listener_seem_asleep(services: Services) -> None:
    alice, song, now = make_user().id, track("song"), clock.to_ms(clock.now())
    hour = 60 * MINUTE
    times = [now - 24 * 700 * hour, *(now - n * hour for n in range(100))]
    append.polled([append.NewPlay(alice, at, song, None) for at in times])
    assert capacity.measure(costs=False).plays_per_day == pytest.approx(24, rel=0.05)


def test_capacity_of_an_empty_archive(command: Any) -> None:
    done = command("capacity")
    assert done.exit_code == 0, done.output
    assert "0 members, 0 plays" in done.output


def test_rows_are_measured_in_this_very_database(services: Services) -> None:
    alice = make_user()
    fill(alice.id, 2_000)
    sealing.seal(alice.id)
    rows = row_size.sample(1_500)
    assert len(rows) == 1_500
    assert 20 < row_size.row_cost(rows) < 200
    assert row_size.row_cost(rows) == row_size.row_cost(rows)
    assert row_size.row_cost([]) == 0


def test_rows_of_two_years_are_measured_once_each(services: Services) -> None:
    alice, song = make_user(), track("song")
    old = clock.to_ms(clock.now() - timedelta(days=800))
    append.polled([append.NewPlay(alice.id, old + n * MINUTE, song, None) for n in range(300)])
    fill(alice.id, 300)
    sealing.seal(alice.id)
    assert PlaySegment.select().count() > 1
    rows = row_size.sample()
    assert len({row[:3] for row in rows}) == len(rows) == 600
    assert row_size.row_cost(rows) > 0


def test_as_many_rows_may_be_dead_as_the_table_says(services: Services) -> None:
    if is_sqlite():
        assert dialects.dead_rows_allowed("plays") == float("inf")
        return
    fill(make_user().id, 500)
    dialects.vacuum("plays")
    assert dialects.dead_rows_allowed("plays") == 0.02 * 500
    dialects.vacuum("sessions")
    assert dialects.dead_rows_allowed("sessions") == 0


def test_sizes_are_shared_out_where_sqlite_cannot_tell(sqlite_database_url: str) -> None:
    from audiospective.models import sizes

    models.bind(sqlite_database_url)
    with models.database.connection_context():
        fill(make_user().id, 2_000)
        told, estimated = sizes.tables(), sizes._estimated()
        for found in (told, estimated):
            assert found["plays"] > found["users"]
        assert 0.5 < estimated["plays"] / told["plays"] < 2
        assert sum(estimated.values()) <= sizes.total()
