"""A worker makes exports in turns, gives way, and leaves nothing behind."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from peewee import IntegrityError
from redis import Redis

from audiospective import clock
from audiospective.clients.deadline import Deadline
from audiospective.clients.queues import EXPORT, FREE, QUEUES, Queues
from audiospective.clients.storage import AwayError, MissingError, StorageError
from audiospective.exports import (
    claims,
    export_job,
    export_requests,
    files,
    finished,
    rounds,
    scratch,
    snapshot,
)
from audiospective.exports.bundle import completeness, writing
from audiospective.exports.snapshot import RestlessError
from audiospective.history import reading
from audiospective.history.closed.away import YearAwayError
from audiospective.models import Connection, User
from audiospective.models.coverage import Coverage
from audiospective.models.exports import (
    CANCELLED,
    EXPIRED,
    FAILED,
    READY,
    WAITING,
    WORKING,
    Export,
)
from audiospective.policy.export_rules import ATTEMPTS, KEPT, LISTED, LONG_WAIT, LOST
from audiospective.services import Services
from tests.exports.making import archive, hard_plays, taken
from tests.factories import make_connection
from tests.jobs.stack import ROOT


@pytest.fixture
def alice(services: Services) -> User:
    return User.get_by_id(archive(*hard_plays()))


def ask(services: Services, user: User, form: str = "json", *, compatible: bool = False) -> Export:
    made, new = export_requests.ask(services, user, form, compatible=compatible)
    assert new
    return made


def turn(services: Services, export: Export, seconds: float = 60) -> Export:
    """One turn of a worker; the export as it stands then."""
    export_job.work(services, export.id, Deadline(seconds))
    return Export.get_by_id(export.id)


def left_behind(services: Services) -> list[str]:
    top = services.settings.home / scratch.FOLDER
    return [path.name for path in top.glob("*")] if top.exists() else []


def test_a_file_is_made_stored_and_kept_for_a_week(
    services: Services, alice: User, frozen: Any
) -> None:
    export = turn(services, ask(services, alice))
    assert export.status == READY
    assert export.expires_at - export.changed_at == KEPT
    assert (export.file_name, export.plays) == ("plays.json", len(hard_plays()))
    body = services.storage.get(export.key)
    assert len(body) == export.size
    assert json.loads(body)["count"] == export.plays
    assert left_behind(services) == []


def test_a_zone_that_this_machine_does_not_know_keeps_no_file_back(
    services: Services, alice: User
) -> None:
    User.update(timezone="Mars/Phobos").execute()
    assert turn(services, ask(services, alice)).status == READY


def test_a_compatible_export_is_made_so(services: Services, alice: User) -> None:
    export = turn(services, ask(services, alice, "koito", compatible=True))
    with services.storage.open(export.key) as stored, ZipFile(stored) as zipped:
        assert "CHANGES.csv" in zipped.namelist()


def test_a_bundle_gives_way_between_two_parts_and_goes_on_where_it_was(
    services: Services, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    export = ask(services, alice, "bundle")
    services.queues.queue(EXPORT).empty()
    services.queues.enqueue(FREE, "poll_user", alice.id)
    steps: list[str] = []
    original = writing.Bundle.advance

    def spy(bundle: Any) -> bool:
        steps.append("step")
        return original(bundle)

    monkeypatch.setattr(writing.Bundle, "advance", spy)
    for _ in writing.STEPS:
        found = turn(services, export)
        assert (found.status, found.attempts) == (WAITING, 0)
        assert services.queues.queue(EXPORT).job_ids == [f"export-{export.id}"]
        services.queues.queue(EXPORT).empty()
    found = turn(services, export)
    assert found.status == READY
    assert len(steps) == len(writing.STEPS) + 1  # the last look finds nothing left
    with services.storage.open(found.key) as stored, ZipFile(stored) as zipped:
        assert zipped.testzip() is None
        assert len([name for name in zipped.namelist() if name.endswith("SHA256SUMS")]) == 1


def test_what_was_checked_after_the_plays_were_copied_is_not_said_to_be_in_it(
    services: Services, alice: User, tmp_path: Path
) -> None:
    began = datetime(2025, 1, 1, tzinfo=UTC)
    checked, later = began + timedelta(days=1), began + timedelta(days=9)
    make_connection(services, alice, last_success_at=checked)
    Coverage.begin(alice.id, began)
    found = taken(alice.id, tmp_path)
    Connection.update(last_success_at=later).execute()
    Coverage.end(alice.id, later)
    again = snapshot.load(tmp_path)
    assert again is not None
    for one in (found, again):
        assert completeness.known(one).stretches == [(began, checked)]


def test_exports_wait_behind_everything_else(services: Services, alice: User) -> None:
    assert QUEUES[-1] == EXPORT
    ask(services, alice)
    assert not services.queues.anything_before(EXPORT)
    services.queues.enqueue(FREE, "poll_user", alice.id)
    assert services.queues.anything_before(EXPORT)


def test_one_member_has_one_unfinished_export(services: Services, alice: User) -> None:
    first = ask(services, alice)
    again, new = export_requests.ask(services, alice, "csv", compatible=False)
    assert (again.id, new) == (first.id, False)
    bob = User.get_by_id(archive(name="bob"))
    ask(services, bob)
    turn(services, first)
    ask(services, alice, "csv")


def test_whoever_has_just_left_gets_none(services: Services, alice: User) -> None:
    User.delete().execute()
    with pytest.raises(User.DoesNotExist):
        ask(services, alice)


def test_what_the_database_refuses_each_time_is_not_asked_for_without_end(
    services: Services, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def refused(**row: Any) -> Export:
        asked.append(row["form"])
        if len(asked) > 20:
            raise AssertionError("it goes on and on")
        raise IntegrityError("something else")

    monkeypatch.setattr(Export, "create", refused)
    with pytest.raises(IntegrityError, match="something else"):
        ask(services, alice)


def test_progress_is_noted_and_a_cancelled_export_is_given_up(
    services: Services, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export_job, "BEAT", 0.0)
    export = ask(services, alice, "bundle")
    seen: list[tuple[int, int]] = []
    original = files.save

    def cancel_half_way(*arguments: Any, **more: Any) -> Path:
        row = Export.get_by_id(export.id)
        seen.append((row.done, row.total))
        assert export_requests.cancel(alice.id, export.id)
        return original(*arguments, **more)

    monkeypatch.setattr(files, "save", cancel_half_way)
    found = turn(services, export)
    assert found.status == CANCELLED
    plays = len(hard_plays())
    assert seen == [(3 * plays, 8 * plays)]
    assert left_behind(services) == []
    assert list(services.storage.list(finished.FOLDER)) == []


def test_cancelled_while_it_is_stored_leaves_no_file(
    services: Services, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    export = ask(services, alice)
    original = services.storage.put

    def put(key: str, content: Any) -> int:
        export_requests.cancel(alice.id, export.id)
        return original(key, content)

    monkeypatch.setattr(services.storage, "put", put)
    assert turn(services, export).status == CANCELLED
    assert list(services.storage.list(finished.FOLDER)) == []


def test_storage_that_takes_the_file_slowly_gets_all_of_it(
    services: Services, alice: User, monkeypatch: pytest.MonkeyPatch, frozen: Any
) -> None:
    export = ask(services, alice)
    original, seconds = services.storage.put, [0.0]
    monkeypatch.setattr(clock, "monotonic", lambda: seconds[0])

    def slowly(key: str, content: Any) -> int:
        pieces = []
        while piece := content.read(1_000):
            pieces.append(piece)
            seconds[0] += claims.LEASE.total_seconds() / 2
            frozen.forward(seconds=claims.LEASE.total_seconds() / 2)
        assert len(pieces) > 3
        return original(key, b"".join(pieces))

    monkeypatch.setattr(services.storage, "put", slowly)
    assert turn(services, export, seconds=36_000).status == READY


def test_two_workers_do_not_make_one_export_twice(
    services: Services, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    export = ask(services, alice)
    turns: list[str] = []

    def meanwhile(*_: Any) -> None:
        turns.append("first")
        export_job.work(services, export.id, Deadline(60))
        raise export_job.InterruptedExportError

    with monkeypatch.context() as patch:
        patch.setattr(export_job, "_turn", meanwhile)
        export_job.work(services, export.id, Deadline(60))
    assert turns == ["first"]
    assert turn(services, export).status == READY


def test_a_process_that_must_end_hands_the_export_back(services: Services, alice: User) -> None:
    export = ask(services, alice)
    services.queues.queue(EXPORT).empty()
    end = Deadline(60)
    end.stop()
    export_job.work(services, export.id, end)
    found = Export.get_by_id(export.id)
    assert (found.status, found.attempts) == (WAITING, 0)
    assert services.queues.queue(EXPORT).job_ids == [f"export-{export.id}"]
    assert turn(services, export).status == READY


def test_a_process_that_must_end_while_a_file_is_stored_hands_the_export_back(
    services: Services, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    export = ask(services, alice)
    services.queues.queue(EXPORT).empty()
    end = Deadline(60)

    def cut_off(*_: Any) -> int:
        end.stop()
        raise AwayError("what ends the process ended the call")

    with monkeypatch.context() as patch:
        patch.setattr(services.storage, "put", cut_off)
        export_job.work(services, export.id, end)
    found = Export.get_by_id(export.id)
    assert (found.status, found.attempts, found.error) == (WAITING, 0, None)
    assert services.queues.queue(EXPORT).job_ids == [f"export-{export.id}"]
    assert turn(services, export).status == READY


def test_what_fails_is_tried_again_and_then_given_up_with_a_sentence(
    services: Services, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    export = ask(services, alice)

    def broken(*_: Any, **__: Any) -> Path:
        raise ZeroDivisionError

    monkeypatch.setattr(files, "save", broken)
    for _ in range(ATTEMPTS - 1):
        assert turn(services, export).status == WAITING
    found = turn(services, export)
    assert found.status == FAILED
    assert "try again later" in found.error
    assert left_behind(services) == []


def test_an_archive_that_does_not_rest_is_asked_for_later_and_no_try_is_counted(
    services: Services, alice: User, monkeypatch: pytest.MonkeyPatch, frozen: Any
) -> None:
    export = ask(services, alice)
    services.queues.queue(EXPORT).empty()

    def restless(*_: Any, **__: Any) -> None:
        raise RestlessError

    with monkeypatch.context() as patch:
        patch.setattr(snapshot, "take", restless)
        for _ in range(ATTEMPTS + 1):
            found = turn(services, export)
            assert (found.status, found.attempts) == (WAITING, 0)
    assert services.queues.queue(EXPORT).job_ids == []
    frozen.forward(seconds=LOST.total_seconds() + 1)
    assert rounds.recover(services) == 1
    assert turn(services, export).status == READY


@pytest.mark.parametrize("why", [RestlessError, export_job.InterruptedExportError])
def test_who_cancels_an_export_while_it_is_put_back_ends_it(
    services: Services, alice: User, monkeypatch: pytest.MonkeyPatch, why: type[Exception]
) -> None:
    export = ask(services, alice)

    def cancelled(*_: Any, **__: Any) -> None:
        export_requests.cancel(alice.id, export.id)
        raise why

    monkeypatch.setattr(snapshot, "take", cancelled)
    assert turn(services, export).status == CANCELLED


@pytest.mark.parametrize("why", [StorageError("no space left"), AwayError("it does not answer")])
def test_storage_that_cannot_be_used_is_waited_for_without_a_try(
    services: Services, alice: User, monkeypatch: pytest.MonkeyPatch, frozen: Any, why: StorageError
) -> None:
    def away(*_: Any) -> int:
        raise why

    export = ask(services, alice)
    services.queues.queue(EXPORT).empty()
    with monkeypatch.context() as patch:
        patch.setattr(services.storage, "put", away)
        for _ in range(ATTEMPTS + 1):
            found = turn(services, export)
            assert (found.status, found.attempts, found.error) == (WAITING, 0, export_job.WAITS)
    assert services.queues.queue(EXPORT).job_ids == []  # the round asks again, nothing before
    frozen.forward(seconds=LOST.total_seconds() + 1)
    assert rounds.recover(services) == 1
    found = turn(services, export)
    assert (found.status, found.error) == (READY, None)


@pytest.mark.parametrize("free", [100 << 20, (256 << 20) + 1_000])
def test_an_export_leaves_the_database_its_room_on_the_disk(
    services: Services, alice: User, monkeypatch: pytest.MonkeyPatch, free: int
) -> None:
    export = ask(services, alice)
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "disk_usage", lambda _: (100 << 30, 0, free))
        found = turn(services, export)
        assert (found.status, found.attempts, found.error) == (WAITING, 0, export_job.WAITS)
    assert left_behind(services) == []
    assert turn(services, export).status == READY


def test_years_that_storage_gives_slowly_end_no_export(
    services: Services, alice: User, monkeypatch: pytest.MonkeyPatch, frozen: Any
) -> None:
    export = ask(services, alice)
    edges = [None, *(datetime(year, 1, 1, tzinfo=UTC) for year in (1990, 1995)), None]
    frame = reading.frame

    def slowly(*args: Any, **more: Any) -> Any:
        frozen.forward(seconds=claims.LEASE.total_seconds() * 0.9)
        return frame(*args, **more)

    monkeypatch.setattr(reading, "frame", slowly)
    monkeypatch.setattr(reading, "spans", lambda _: list(pairwise(edges)))
    found = turn(services, export)
    assert (found.status, found.plays) == (READY, len(hard_plays()))


def test_a_storage_that_is_full_for_a_day_is_said(
    services: Services, alice: User, monkeypatch: pytest.MonkeyPatch, frozen: Any
) -> None:
    def full(*_: Any) -> int:
        raise StorageError("no space left")

    monkeypatch.setattr(services.storage, "put", full)
    export = ask(services, alice)
    frozen.forward(seconds=LONG_WAIT.total_seconds() - 1)
    assert turn(services, export).status == WAITING
    frozen.forward(seconds=1)
    found = turn(services, export)
    assert found.status == FAILED
    assert "storage" in found.error
    assert left_behind(services) == []


@pytest.mark.parametrize(
    ("cause", "status"), [(AwayError("away"), WAITING), (MissingError("gone"), FAILED)]
)
def test_a_closed_year_that_is_away_is_waited_for_and_a_lost_one_is_not(
    services: Services, alice: User, monkeypatch: pytest.MonkeyPatch, cause: StorageError,
    status: str,
) -> None:  # fmt: skip
    def closed(*_: Any, **__: Any) -> None:
        raise YearAwayError(2019, str(cause)) from cause

    monkeypatch.setattr(snapshot, "take", closed)
    export = ask(services, alice)
    for _ in range(ATTEMPTS):
        found = turn(services, export)
    assert found.status == status


def test_a_killed_worker_is_noticed_and_the_export_made_anew(
    services: Services, alice: User, frozen: Any
) -> None:
    export = ask(services, alice, "bundle")
    services.queues.queue(EXPORT).empty()
    Export.update(status=WORKING, attempts=1, lease_until=clock.now()).execute()
    folder = scratch.folder(services.settings, export.id)
    (folder / "audiospective-alice-2026.zip").write_bytes(b"half of a zip")
    frozen.forward(seconds=1)
    assert rounds.recover(services) == 1
    assert services.queues.queue(EXPORT).job_ids == [f"export-{export.id}"]
    assert turn(services, export).status == READY


def test_a_waiting_export_whose_job_was_lost_is_found_again(
    services: Services, alice: User, frozen: Any
) -> None:
    export = ask(services, alice)
    services.redis.flushall()
    assert rounds.recover(services) == 0
    frozen.forward(seconds=LOST.total_seconds() + 1)
    assert rounds.recover(services) == 1
    assert services.queues.queue(EXPORT).job_ids == [f"export-{export.id}"]


def test_a_file_expires_and_its_line_goes_later(
    services: Services, alice: User, frozen: Any
) -> None:
    export = turn(services, ask(services, alice))
    frozen.forward(seconds=KEPT.total_seconds() - 1)
    assert rounds.tidy(services) == 0
    frozen.forward(seconds=2)
    assert rounds.tidy(services) == 1
    found = Export.get_by_id(export.id)
    assert (found.status, found.key) == (EXPIRED, None)
    assert list(services.storage.list(finished.FOLDER)) == []
    frozen.forward(seconds=LISTED.total_seconds() + 1)
    rounds.tidy(services)
    assert not Export.select().exists()


def test_files_that_no_line_speaks_of_are_swept(
    services: Services, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = turn(services, ask(services, alice))
    services.storage.put(f"{finished.prefix(alice.id)}/orphan", b"of a killed worker")
    monkeypatch.setattr(finished, "GRACE", timedelta(days=36_500))
    assert rounds.tidy(services) == 0  # it may be one that is just being written
    monkeypatch.setattr(finished, "GRACE", timedelta(days=-36_500))
    assert rounds.tidy(services) == 1
    assert [one.key for one in services.storage.list(finished.FOLDER)] == [kept.key]


def test_scratch_of_exports_that_are_over_is_swept(services: Services, alice: User) -> None:
    export = ask(services, alice)
    scratch.folder(services.settings, export.id)
    other = scratch.folder(services.settings, 999_999)
    turn(services, export)
    assert not other.exists()


def test_without_redis_an_export_is_asked_for_all_the_same(services: Services, alice: User) -> None:
    away = replace(services, queues=Queues(Redis(port=1)))
    assert ask(away, alice).status == WAITING


KILLED = """
import os, signal, sys
from audiospective.services import Services
from audiospective.settings import Settings
from audiospective.clients.deadline import Deadline
from audiospective.exports import export_job
from audiospective.exports.bundle import writing
services = Services.build(Settings.from_env())
steps = []
add = writing.Adding.add
def kill(self, path, words, write):
    steps.append(path)
    if len(steps) == int(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGKILL)
    add(self, path, words, write)
writing.Adding.add = kill
with services.database.connection_context():
    export_job.work(services, int(sys.argv[1]), Deadline(60))
"""


@pytest.mark.parametrize(
    ("database_url", "at"),
    [("sqlite", 1), ("postgres", 3), ("sqlite", 7), ("postgres", 12), ("sqlite", 15)],
    indirect=["database_url"],
)
def test_killed_at_any_part_it_is_whole_in_the_end(
    services: Services, alice: User, at: int, frozen: Any
) -> None:
    export = ask(services, alice, "bundle")
    settings = services.settings
    environment = {
        "PATH": "/usr/bin:/bin",
        "AUDIOSPECTIVE_HOME": str(settings.home),
        "DATABASE_URL": settings.database_url,
        "REDIS_URL": settings.redis_url,
        "SECRET_KEY": settings.secret_key,
        "TOKEN_KEYS": ",".join(settings.token_keys),
    }
    died = subprocess.run(
        [sys.executable, "-c", KILLED, str(export.id), str(at)], cwd=ROOT, env=environment
    )
    assert died.returncode == -signal.SIGKILL
    assert Export.get_by_id(export.id).status == WORKING
    Export.update(lease_until=clock.EPOCH).execute()  # time passes
    found = turn(services, export)
    assert found.status == READY
    with services.storage.open(found.key) as stored, ZipFile(stored) as zipped:
        assert zipped.testzip() is None
        names = zipped.namelist()
        assert len(names) == len(set(names))
        sums = zipped.read(next(name for name in names if name.endswith("SHA256SUMS")))
        assert len(sums.splitlines()) == len(names) - 1
