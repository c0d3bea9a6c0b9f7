"""Whoever dies while files arrive, are read, added or taken back leaves all or nothing."""

from __future__ import annotations

import fcntl
import tempfile
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import IO, Any, BinaryIO
from unittest.mock import Mock

import pytest
from peewee import OperationalError
from redis.exceptions import ConnectionError as RedisConnectionError
from rq.exceptions import ShutDownImminentException

from audiospective import clock, history
from audiospective.clients.queues import BULK
from audiospective.clients.storage import AwayError, DamagedError, Storage, StorageError
from audiospective.clients.storage import errors as storage_errors
from audiospective.history.closed.away import YearAwayError
from audiospective.history.segment_store import SegmentProofError
from audiospective.imports import claims, import_job, rounds, scratch, storing, uploads
from audiospective.imports.findings import Findings
from audiospective.imports.uploads import Announced
from audiospective.models import User
from audiospective.models.imports import (
    COMMITTING,
    DONE,
    FAILED,
    READING,
    REVIEW,
    UNDOING,
    UNDONE,
    UPLOADING,
    Import,
    ImportFile,
)
from audiospective.policy import import_limits
from audiospective.policy.import_limits import ATTEMPTS
from audiospective.services import Services
from tests import factories
from tests.history.crashing import Crash, crashing
from tests.imports.importing import (
    done,
    fresh,
    month,
    reviewed,
    sent,
    spotify_file,
    worked,
)

pytestmark = pytest.mark.usefixtures("at_once")


def swept(services: Services, row: Import, before: str, after: str, plays: tuple[int, int]) -> int:
    """Crash the step at its first statement, its second, ... until it gets through; the steps."""
    for at in range(1, 200, 2):
        with crashing(at, late=bool(at % 4 == 1)) as saboteur:
            import_job.work(services, row.id)
        now = fresh(row)
        assert now.status in (before, after)
        assert history.total(row.user_id) == plays[now.status == after]
        if now.status == after:
            return at
        assert saboteur.dead
        # Its lease has run out, and this is no third accident.
        Import.update(lease_until=clock.EPOCH, attempts=0).where(Import.id == row.id).execute()
    raise AssertionError("the step never ends")


def test_dying_at_any_step(services: Services) -> None:
    alice = factories.make_user("alice")
    first = done(services, alice, spotify_file(*month(range(1, 4))))
    row = reviewed(services, alice, spotify_file(*month(range(3, 9))))
    uploads.agree(services, row)
    assert swept(services, row, COMMITTING, DONE, (6, 16)) > 10
    whole = history.frame(alice.id)
    uploads.take_back(services, row)
    assert swept(services, row, UNDOING, UNDONE, (16, 6)) > 10
    assert set(history.frame(alice.id)["import_id"]) == {first.id}
    again = done(services, alice, spotify_file(*month(range(3, 9))))
    assert history.frame(alice.id).drop("import_id").equals(whole.drop("import_id"))
    assert again.added == 10


CONTENT = spotify_file(*month(range(1, 4)))["endsong_0.json"]
PIECE = 1_000


def send_all(services: Services, user: User) -> None:
    """What a browser does, from the start: what has arrived is not sent again."""
    files = [Announced("endsong_0.json", len(CONTENT), "stamp")]
    row = uploads.unfinished(user, files) or uploads.begin(user, files)
    at = ImportFile.get(ImportFile.owner == row.id).received
    while at < len(CONTENT):
        at = uploads.receive(services, row, 0, at, CONTENT[at : at + PIECE])
    uploads.complete(services, row)


@pytest.fixture
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads.limits, "CHUNK_BYTES", PIECE)


@pytest.mark.usefixtures("small_pieces")
def test_dying_while_files_arrive(services: Services) -> None:
    alice = factories.make_user("alice")
    for at in range(1, 400, 7):
        with crashing(at, late=bool(at % 2)) as saboteur:
            send_all(services, alice)
        if not saboteur.dead:
            break
        row = Import.get_or_none()
        if row is not None and row.status != UPLOADING:
            break
    row = Import.get()
    assert (Import.select().count(), row.status) == (1, READING)
    kept = b"".join(services.storage.get(one.key) for one in services.storage.list("imports"))
    assert kept == CONTENT
    assert worked(services, row).status == REVIEW


@pytest.mark.usefixtures("small_pieces")
def test_dying_between_storage_and_database(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice = factories.make_user("alice")
    put = services.storage.put

    def cut(key: str, content: bytes) -> int:
        put(key, content)
        raise Crash  # the piece is there, and nobody wrote that down

    for _ in range(3):
        with monkeypatch.context() as patch:
            patch.setattr(services.storage, "put", cut)
            with pytest.raises(Crash):
                send_all(services, alice)
    send_all(services, alice)
    kept = b"".join(services.storage.get(one.key) for one in services.storage.list("imports"))
    assert kept == CONTENT


def test_dying_while_files_are_read(services: Services) -> None:
    alice, bob = factories.make_user("alice"), factories.make_user("bob")
    done(services, alice, spotify_file(*month(range(1, 4))))
    done(services, bob, spotify_file(*month(range(1, 4))))
    row = sent(services, alice, spotify_file(*month(range(3, 9))))
    assert swept(services, row, READING, REVIEW, (6, 6)) > 5
    undisturbed = reviewed(services, bob, spotify_file(*month(range(3, 9))))
    told = Findings.loads(fresh(row).findings)
    assert told.review == Findings.loads(undisturbed.findings).review


@pytest.mark.parametrize("how", ["discarded", "taken back", "refused"])
def test_what_was_left_in_storage_by_whoever_died_goes(services: Services, how: str) -> None:
    alice = factories.make_user("alice")
    if how == "refused":
        row = sent(services, alice, {"a.zip": b"PK\3\4 cut off"})
    else:
        row = reviewed(services, alice, spotify_file(*month(range(1, 4))))
    if how == "taken back":
        uploads.agree(services, row)
        uploads.take_back(services, worked(services, row))

    def die(*_: object) -> None:
        raise Crash

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(storing, "drop", die)
        with pytest.raises(Crash):
            (rounds.cancel if how == "discarded" else _step)(services, row)
    assert list(services.storage.list("imports"))
    rounds.tidy(services)
    assert not list(services.storage.list("imports"))


def work_that_meets(error: Exception, services: Services, row: Import) -> None:
    """The step of reading, in which `error` is raised."""

    def fails(*_: Any) -> None:
        raise error

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(import_job.STEPS, READING, fails)
        import_job.work(services, row.id)


@pytest.mark.parametrize(
    ("why", "pause"),
    [
        (ShutDownImminentException("a deploy", {}), import_job.PAUSE),
        (AwayError("503"), import_job.AWAY_PAUSE),
    ],
)
def test_what_was_put_off_is_tried_again_without_waiting_for_a_round(
    services: Services, frozen: Any, why: Exception, pause: timedelta
) -> None:
    row = sent(services, factories.make_user("alice"), spotify_file(*month(range(1, 4))))
    services.queues.queue(BULK).empty()

    with suppress(ShutDownImminentException):
        work_that_meets(why, services, row)
    scheduler = services.queues.scheduler()
    assert [job.args for job in scheduler.get_jobs(until=frozen.now + pause)] == []
    frozen.to(frozen.now + pause + rounds.LATE)
    (job,) = scheduler.get_jobs(until=frozen.now)
    assert (job.origin, list(job.args)) == (BULK, [row.id])
    import_job.work(services, *job.args)
    assert fresh(row).status == REVIEW


def test_a_fault_is_not_tried_again_before_the_next_round(services: Services, frozen: Any) -> None:
    row = sent(services, factories.make_user("alice"), spotify_file(*month(range(1, 4))))
    services.queues.queue(BULK).empty()

    work_that_meets(MemoryError(), services, row)
    assert list(services.queues.scheduler().get_jobs(until=frozen.now + timedelta(days=1))) == []
    rounds.recover(services)
    assert services.queues.queue(BULK).job_ids == [f"import-{row.id}"]


def test_nothing_of_an_import_lies_where_a_killed_worker_would_leave_it(
    services: Services, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """In /tmp, which nobody sweeps, and which may be the server's memory."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "not there"))
    row = done(services, factories.make_user("alice"), spotify_file(*month(range(1, 4))))
    assert row.status == DONE
    assert list((services.settings.home / "scratch").glob("*")) == []


def test_storage_that_gives_a_large_file_slowly_ends_no_import(
    services: Services, frozen: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_limits, "CHUNK_BYTES", 400)
    alice = factories.make_user("alice")
    ((name, data),) = spotify_file(*month(range(1, 4))).items()
    row = uploads.begin(alice, [Announced(name, len(data))])
    pieces = range(0, len(data), 400)
    for at in pieces:
        uploads.receive(services, row, 0, at, data[at : at + 400])
    uploads.complete(services, row)
    assert len(pieces) > 2

    class Slow:
        def __getattr__(self, name: str) -> Any:
            return getattr(services.storage, name)

        def open(self, key: str, most: int | None = None) -> BinaryIO:
            if "/file-" in key:
                frozen.forward(seconds=claims.LEASE.total_seconds() * 0.6)
            return services.storage.open(key, most)

    import_job.work(replace(services, storage=Slow()), row.id)  # type: ignore[arg-type]
    assert Import.get_by_id(row.id).status == REVIEW


def test_an_import_whose_files_cannot_be_removed_keeps_nothing_from_the_others(
    services: Services,
) -> None:
    rows = [
        sent(services, factories.make_user(name), {"a.zip": b"PK\3\4 cut off"})
        for name in ("alice", "bob")
    ]
    old = clock.now() - 2 * import_limits.PATIENCE
    Import.update(status=REVIEW, changed_at=old).execute()
    held = next(iter(services.storage.list(storing.home(rows[0])))).key

    class Held:
        def __getattr__(self, name: str) -> Any:
            return getattr(services.storage, name)

        def delete(self, key: str) -> None:
            if key == held:
                raise StorageError("a lock holds it")
            services.storage.delete(key)

    assert rounds.tidy(replace(services, storage=Held())) == 1  # type: ignore[arg-type]
    assert [one.key for one in services.storage.list("imports")] == [held]
    rounds.tidy(services)
    assert not list(services.storage.list("imports"))


def _step(services: Services, row: Import) -> None:
    import_job.work(services, row.id)


class Refusing:
    """Storage that gives no file, but raises `error` when it is asked for one."""

    def __init__(self, behind: Storage, error: StorageError) -> None:
        self.behind, self.error = behind, error

    def __getattr__(self, name: str) -> Any:
        return getattr(self.behind, name)

    def open(self, key: str) -> BinaryIO:
        raise self.error


def agreed(services: Services, user: User) -> Import:
    row = reviewed(services, user, spotify_file(*month(range(1, 4))))
    uploads.agree(services, row)
    return row


def tried(services: Services, row: Import) -> None:
    """A worker takes it once more; the pause after the last time is over."""
    Import.update(lease_until=clock.EPOCH).where(Import.id == row.id).execute()
    import_job.work(services, row.id)


@pytest.mark.parametrize(
    "error", [AwayError("503"), storage_errors.RefusedError("403"), StorageError("no space left")]
)
def test_an_import_waits_for_storage_however_long_it_is_away(
    services: Services, error: StorageError
) -> None:
    row = agreed(services, factories.make_user("alice"))
    away = Refusing(services.storage, error)
    for _ in range(ATTEMPTS + 3):
        tried(replace(services, storage=away), row)  # type: ignore[arg-type]
        assert (fresh(row).status, fresh(row).attempts) == (COMMITTING, 0)
        assert fresh(row).error == import_job.STORAGE
    assert row.id not in claims.waiting()  # for half a minute nobody tries again
    tried(services, row)
    assert (fresh(row).status, history.total(row.user_id)) == (DONE, 6)
    assert fresh(row).error is None


def test_an_import_waits_for_a_closed_year(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise YearAwayError(2025, "storage answered 503")

    row = agreed(services, factories.make_user("alice"))
    with monkeypatch.context() as patch:
        patch.setitem(import_job.STEPS, COMMITTING, away)
        for _ in range(ATTEMPTS + 3):
            tried(services, row)
    tried(services, row)
    assert fresh(row).status == DONE


def test_an_import_whose_own_file_is_damaged_does_not_wait_for_ever(services: Services) -> None:
    row = agreed(services, factories.make_user("alice"))
    damaged = Refusing(services.storage, DamagedError("imports/1/1/plays.parquet"))
    for tries in range(1, ATTEMPTS):
        tried(replace(services, storage=damaged), row)  # type: ignore[arg-type]
        assert (fresh(row).status, fresh(row).attempts) == (COMMITTING, tries)
    tried(replace(services, storage=damaged), row)  # type: ignore[arg-type]
    assert (fresh(row).status, history.total(row.user_id)) == (FAILED, 0)
    assert fresh(row).error == import_job.LOST


@pytest.mark.usefixtures("small_pieces")
@pytest.mark.parametrize("name", ["file-0/00000000001000", "plays.parquet", "sheet.parquet"])
def test_what_storage_keeps_only_in_part_is_not_taken_for_whole(
    services: Services, name: str
) -> None:
    alice = factories.make_user("alice")
    put = services.storage.put

    def cut(key: str, content: Any) -> int:
        whole = content if isinstance(content, bytes) else content.read()
        put(key, whole[:-7] if key.endswith(name) else whole)
        return len(whole)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(services.storage, "put", cut)
        if "file" in name:
            with pytest.raises(StorageError, match="keeps less"):
                send_all(services, alice)  # whoever sends it still has it, and sends it again
        else:
            send_all(services, alice)
            for _ in range(ATTEMPTS + 1):
                tried(services, Import.get())
            assert (Import.get().status, Import.get().error) == (READING, import_job.STORAGE)
    if "file" in name:
        send_all(services, alice)
    tried(services, Import.get())
    assert (Import.get().status, Import.get().rows) == (REVIEW, 6)


def test_storage_that_is_away_once_plays_are_added_makes_nobody_wait(services: Services) -> None:
    row = agreed(services, factories.make_user("alice"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(storing, "drop_files", Mock(side_effect=AwayError("503")))
        tried(services, row)
    assert (fresh(row).status, fresh(row).error, fresh(row).attempts) == (DONE, None, 0)


def test_files_of_which_storage_lost_a_part_are_asked_for_again(services: Services) -> None:
    row = sent(services, factories.make_user("alice"), {"endsong_0.json": CONTENT})
    (part,) = services.storage.list("imports")
    services.storage.put(part.key, CONTENT[:-7])
    for _ in range(ATTEMPTS):
        tried(services, row)
    assert (fresh(row).status, fresh(row).error) == (FAILED, import_job.LOST)


PASSING = (
    (SegmentProofError("year 2025 reads back changed"), import_job.UNPROVEN),
    (OperationalError("the connection was lost"), import_job.DATABASE),
    (RedisConnectionError("connection refused"), import_job.QUEUE),
    (ShutDownImminentException("a deploy", {}), None),
)


def test_what_is_no_fault_of_the_files_is_no_try(services: Services) -> None:
    row = agreed(services, factories.make_user("alice"))
    for error, said in PASSING * ATTEMPTS:
        with pytest.MonkeyPatch.context() as patch:
            patch.setitem(import_job.STEPS, COMMITTING, Mock(side_effect=error))
            with suppress(ShutDownImminentException):
                tried(services, row)
        assert (fresh(row).status, fresh(row).attempts) == (COMMITTING, 0)
        assert fresh(row).error == said
    tried(services, row)
    assert (fresh(row).status, history.total(row.user_id)) == (DONE, 6)


def test_folders_of_the_dead_are_swept(tmp_path: Path) -> None:
    (tmp_path / "scratch" / "left").mkdir(parents=True)
    (tmp_path / "scratch" / "left" / ".held").touch()
    (tmp_path / "scratch" / "left" / "endsong_0.json").write_text("203.0.113.7")
    with scratch.folder(tmp_path, "sent") as used:
        assert (used / "sent").is_dir()
        assert scratch.sweep(tmp_path) == 0
        assert [one.name for one in (tmp_path / "scratch").iterdir()] == [used.name]
    assert not list((tmp_path / "scratch").iterdir())


def test_a_folder_that_is_just_being_made_is_not_taken_for_one_of_the_dead(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = fcntl.flock

    def another_comes_first(file: IO[str], how: int) -> None:
        if how == fcntl.LOCK_EX:
            assert scratch.sweep(tmp_path) == 0
        lock(file, how)

    monkeypatch.setattr(fcntl, "flock", another_comes_first)
    with scratch.folder(tmp_path, "sent") as used:
        assert (used / "sent").is_dir()
