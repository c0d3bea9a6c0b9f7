"""The drill: back up while the instance runs, lose everything, restore on either engine."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import Mock
from zipfile import ZipFile

import orjson
import pytest

from audiospective import clock, history, models
from audiospective.accounts import members
from audiospective.clients.storage import AwayError, Content, Storage
from audiospective.history import integrity
from audiospective.history.closed import prefix
from audiospective.imports import scratch
from audiospective.models import Play, PlaySegment, User
from audiospective.models.exports import EXPIRED, READY, Export
from audiospective.models.founding import FoundingRegister
from audiospective.models.marks import Mark
from audiospective.operations.backup import container, encryption, making, restoring, schema, source
from audiospective.operations.backup.errors import BackupError, IncompleteBackupError
from audiospective.services import Services
from tests.fixtures import make_settings
from tests.history import making as plays_of
from tests.imports.restore import archives
from tests.jobs.stack import ROOT
from tests.support.postgres import Postgres
from tests.support.redis import hang_up

KEY = encryption.new_key()


@pytest.fixture
def alice(services: Services) -> User:
    user = archives.full()
    Export.create(user=user, form="json", status=READY, key="exports/1/a", created_at=clock.now(),
                  changed_at=clock.now(), expires_at=clock.now())  # fmt: skip
    services.storage.put("imports/1/1/plays.parquet", b"staged")
    services.storage.put("exports/1/a", b"an export")
    return user


def encrypted(services: Services) -> Services:
    return replace(services, settings=replace(services.settings, backup_key=KEY))


def everything() -> dict[str, list[tuple[Any, ...]]]:
    """All rows of all tables; yes and no are 1 and 0 on one engine and words on the other."""
    return {
        table.name: [
            tuple(int(one) if isinstance(one, bool) else schema.plain(one) for one in row)
            for row in models.database.execute_sql(table.query).fetchall()
        ]
        for table in schema.tables()
        if table.name not in ("exports", "founding_register", "marks")
    }


@pytest.fixture
def elsewhere(
    request: pytest.FixtureRequest, services: Services, tmp_path: Path, redis_url: str
) -> Callable[[str], Any]:
    """Opens another instance, with an empty database of either engine."""

    def opening(engine: str) -> Services:
        url = str(request.getfixturevalue(f"empty_{engine}_url"))
        settings = make_settings(tmp_path / f"other-{engine}", url, redis_url, backup_key=KEY)
        built = Services.build(settings)
        request.addfinalizer(lambda: hang_up(built.redis))
        return built

    return opening


@pytest.fixture
def empty_sqlite_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'other.db'}"


@pytest.fixture
def empty_postgres_url(postgres: Postgres) -> Iterator[str]:
    """A second database beside the first."""
    name = postgres.create()
    yield postgres.url(name)
    postgres.drop(name)


@pytest.mark.parametrize("engine", ["sqlite", "postgres"])
def test_what_comes_back_is_what_was_there(
    services: Services, alice: User, tmp_path: Path, elsewhere: Callable[[str], Any], engine: str
) -> None:
    before, plays = everything(), archives.plays(alice.id)
    prefix.own(services.storage, clock.now())
    made = making.make(encrypted(services), tmp_path / "one.backup")
    assert made.rows()["users"] == User.select().count()

    other = elsewhere(engine)
    with models.database.connection_context():
        restoring.restore(other, tmp_path / "one.backup")
        assert everything() == before
        assert archives.plays(alice.id).equals(plays)
        assert integrity.examine(alice.id).faults == []
        assert Export.get().status == EXPIRED
        assert prefix.known() is None  # that folder may be in use
        assert other.storage.get("imports/1/1/plays.parquet") == b"staged"
        assert other.storage.size("exports/1/a") is None
        # Numbers go on behind all that may have been given since: links in e-mails name them.
        assert FoundingRegister.locked().last_member > alice.id + 9_000
        new = members.create(minute_offset=0, session_key="new", created_at=clock.now())
        assert new.id > alice.id + 9_000


def test_plays_that_arrive_meanwhile_are_in_all_of_it_or_in_none_of_it(
    services: Services, alice: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another connection goes on polling between two tables; the backup knows nothing of it."""
    from threading import Thread

    before = Play.select().count()
    track = plays_of.track("meanwhile")
    original = container.Writing.table

    def arrives() -> None:
        with models.database.connection_context():
            plays_of.play(alice.id, clock.to_ms(clock.now()) + Play.select().count(), track)

    def table(self: Any, one: schema.Table, rows: Iterator[Any]) -> None:
        if one.name in ("coverage", "plays", "users"):
            poll = Thread(target=arrives)
            poll.start()
            poll.join()
        original(self, one, rows)

    monkeypatch.setattr(container.Writing, "table", table)
    made = making.make(services, tmp_path / "one.backup")
    assert Play.select().count() == before + 3
    assert made.rows()["plays"] == before


def closed_year(services: Services, user: User) -> str:
    """One of alice's years stands in storage alone; its key."""
    row = PlaySegment.select().where(PlaySegment.user == user).order_by(PlaySegment.year).first()
    key = f"years/instance/{row.sha256}"
    services.storage.put(key, bytes(row.blob))
    PlaySegment.update(blob=b"", object=key).where(
        (PlaySegment.user == user) & (PlaySegment.year == row.year)
    ).execute()
    return key


def test_closed_years_come_along_as_the_rows_of_that_instant_have_them(
    services: Services, alice: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = closed_year(services, alice)
    original = container.Writing.table

    def table(self: Any, one: schema.Table, rows: Iterator[Any]) -> None:
        original(self, one, rows)
        if one.name == "play_segments":  # the year changes, and has another object from now on
            PlaySegment.update(object="years/instance/newer").where(
                PlaySegment.object == key
            ).execute()

    monkeypatch.setattr(container.Writing, "table", table)
    made = making.make(services, tmp_path / "one.backup")
    assert [one for one in made.files if one.startswith("years/")] == [key]


@pytest.mark.parametrize("given", [None, b"", b"other bytes"])
def test_a_closed_year_that_is_lost_keeps_nothing_else_out_of_a_backup_that_is_called_bad(
    given: bytes | None,
    services: Services,
    alice: User,
    tmp_path: Path,
    elsewhere: Callable[[str], Services],
) -> None:
    key = closed_year(services, alice)
    if given is None:
        services.storage.delete(key)
    else:
        services.storage.put(key, given)
    before = everything()
    with pytest.raises(IncompleteBackupError, match="1 of the closed years") as told:
        making.make(encrypted(services), tmp_path / "one.backup")
    assert told.value.lost == [key]
    assert Mark.at_of(making.MARK) is None
    other = elsewhere("sqlite")
    with models.database.connection_context():
        restored = restoring.restore(other, tmp_path / "one.backup")
        assert key not in restored.files
        assert everything() == before


def test_a_closed_year_that_is_away_for_the_moment_lets_no_backup_be_made(
    services: Services, alice: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed_year(services, alice)
    monkeypatch.setattr(type(services.storage), "get", Mock(side_effect=AwayError("503")))
    with pytest.raises(BackupError, match="closed year"):
        making.make(services, tmp_path / "one.backup")
    assert not (tmp_path / "one.backup").exists()


def test_a_backup_without_what_was_uploaded_is_none(
    services: Services, alice: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = Mock(side_effect=AwayError("503"))
    for name in ("open", "list"):
        with monkeypatch.context() as patched:
            patched.setattr(type(services.storage), name, away)
            with pytest.raises(BackupError, match=r"storage does not give what was uploaded.*503"):
                making.make(services, tmp_path / "a.backup")
        assert not list(tmp_path.glob("*.backup*")) + list(tmp_path.glob(".*.part"))


def test_nothing_is_overwritten(services: Services, alice: User, tmp_path: Path) -> None:
    target = tmp_path / "one.backup"
    target.write_bytes(b"precious")
    with pytest.raises(BackupError, match="nothing is overwritten"):
        making.make(services, target)
    assert target.read_bytes() == b"precious"
    assert Mark.at_of(making.MARK) is None


def test_a_database_that_holds_anything_is_not_restored_into(
    services: Services, alice: User, tmp_path: Path
) -> None:
    making.make(services, tmp_path / "one.backup")
    before = everything()
    with pytest.raises(BackupError, match="holds rows"):
        restoring.restore(services, tmp_path / "one.backup")
    assert everything() == before


def test_storage_that_fails_leaves_no_row_and_the_restore_can_be_repeated(
    services: Services, alice: User, tmp_path: Path, elsewhere: Callable[[str], Any]
) -> None:
    key = closed_year(services, alice)
    before = everything()
    making.make(encrypted(services), tmp_path / "one.backup")
    other = elsewhere("sqlite")
    storage = Failing(other.storage)
    with models.database.connection_context():
        with pytest.raises(BackupError, match=r"No row was restored.*503"):
            restoring.restore(replace(other, storage=storage), tmp_path / "one.backup")
        assert schema.tables() == []
        assert storage.calls == ["imports/1/1/plays.parquet", key]
        storage.fails, storage.calls = "", []
        restoring.restore(replace(other, storage=storage), tmp_path / "one.backup")
        assert everything() == before
    assert storage.calls == [key]  # what had arrived is not sent twice
    assert len(other.storage.get(key)) > 0


class Failing:
    """Storage that does not take closed years."""

    def __init__(self, behind: Storage) -> None:
        self.behind, self.fails = behind, "years/"
        self.calls: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self.behind, name)

    def put(self, key: str, content: Content) -> int:
        self.calls.append(key)
        if self.fails and key.startswith(self.fails):
            raise AwayError("storage answered 503")
        return self.behind.put(key, content)


@pytest.mark.parametrize("bytes_there", [b"newer!", b"much newer"])  # of the same length, and not
def test_other_files_are_replaced_only_on_request(
    services: Services,
    alice: User,
    tmp_path: Path,
    elsewhere: Callable[[str], Any],
    bytes_there: bytes,
) -> None:
    making.make(encrypted(services), tmp_path / "one.backup")
    other, key = elsewhere("sqlite"), "imports/1/1/plays.parquet"
    other.storage.put(key, bytes_there)
    with models.database.connection_context():
        with pytest.raises(BackupError, match=rf"{key} already.*--over"):
            restoring.restore(other, tmp_path / "one.backup")
        assert other.storage.get(key) == bytes_there
        assert schema.tables() == []
        restoring.restore(other, tmp_path / "one.backup", over=True)
    assert other.storage.get(key) == b"staged"


def test_the_documented_drill_names_every_place_that_a_restore_writes_to() -> None:
    text = Path("docs/operations.md").read_text(encoding="utf-8")
    (line,) = (one for one in text.splitlines() if one.startswith("Try it: "))
    drill = line.split("`")[1]
    assert {one.partition("=")[0] for one in drill.split() if "=" in one} == {
        "DATABASE_URL",
        "STORAGE_URL",
        "AUDIOSPECTIVE_HOME",
    }


def test_only_a_backup_that_opened_again_counts(
    services: Services, alice: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def spoilt(draft: Path, scratch: Path, key: str) -> Any:
        raise BackupError("it does not open")

    monkeypatch.setattr(making, "verified", spoilt)
    with pytest.raises(BackupError):
        making.make(services, tmp_path / "one.backup")
    assert not (tmp_path / "one.backup").exists()
    assert [one.name for one in tmp_path.glob("*.part")] == []
    assert Mark.at_of(making.MARK) is None


KILLED = """
import os, signal, sys
from pathlib import Path
from audiospective.operations.backup import making
from audiospective.services import Services
from audiospective.settings import Settings
def killed(*_):
    os.kill(os.getpid(), signal.SIGKILL)
making._publish = killed
services = Services.build(Settings.from_env())
with services.database.connection_context():
    making.make(services, Path(sys.argv[1]))
"""


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_one_that_is_killed_leaves_no_clear_text(
    services: Services, alice: User, tmp_path: Path
) -> None:
    settings, target = services.settings, tmp_path / "one.backup"
    environment = {
        "PATH": "/usr/bin:/bin",
        "AUDIOSPECTIVE_HOME": str(settings.home),
        "DATABASE_URL": settings.database_url,
        "REDIS_URL": settings.redis_url,
        "SECRET_KEY": settings.secret_key,
        "TOKEN_KEYS": ",".join(settings.token_keys),
        "BACKUP_KEY": KEY,
    }
    died = subprocess.run(
        [sys.executable, "-c", KILLED, str(target)], cwd=ROOT, env=environment, check=False
    )
    assert died.returncode == -signal.SIGKILL
    left = settings.home / "scratch"
    assert [one.name for one in left.glob("*/copy.db")] == ["copy.db"]
    making.make(encrypted(services), target)
    assert list(left.glob("*")) == []


def test_what_backups_of_before_left_goes_after_a_day(services: Services, tmp_path: Path) -> None:
    old, new, copied = (tmp_path / "scratch" / name for name in ("old", "new", "a.db"))
    for folder in (old, new):
        folder.mkdir(parents=True)
    copied.write_bytes(b"no folder of ours")
    drafts = [
        tmp_path / f".{name}.part"
        for name in ("audiospective-2026-01-01-030000.backup", "audiospective-now.backup", "mine")
    ]
    for draft in drafts:
        draft.write_bytes(b"half")
    at = clock.now().timestamp() - 2 * 86_400
    for one in (old, drafts[0], drafts[2]):
        os.utime(one, (at, at))
    assert scratch.sweep(tmp_path) == 1
    assert (old.exists(), new.exists(), copied.exists()) == (False, True, True)
    making.make(services, tmp_path / "one.backup")
    assert [one.exists() for one in drafts] == [False, True, True]


def test_success_is_noted_for_an_alarm(services: Services, alice: User, tmp_path: Path) -> None:
    at = datetime(2026, 11, 1, tzinfo=UTC)
    with clock.use(lambda: at):
        making.make(encrypted(services), tmp_path / "one.backup")
    assert Mark.at_of(making.MARK) == at
    assert Mark.get(Mark.name == making.MARK).note.endswith("encrypted")


@pytest.fixture(scope="module")
def clear(tmp_path_factory: pytest.TempPathFactory, migrate: Callable[[str], None]) -> Path:
    """A backup that is not encrypted, of a small instance."""
    folder = tmp_path_factory.mktemp("clear")
    url = f"sqlite:///{folder / 'archive.db'}"
    migrate(url)
    settings = make_settings(folder / "home", url, "redis://127.0.0.1:1/0")
    services = Services.build(settings)
    with models.database.connection_context():
        user = plays_of.person("alice")
        plays_of.play(user, plays_of.at(1), plays_of.track("one"))
        making.make(services, folder / "one.backup")
    return folder / "one.backup"


def test_an_encrypted_backup_tells_nothing_and_opens_with_its_key_alone(
    clear: Path, tmp_path: Path
) -> None:
    path = tmp_path / "encrypted"
    encryption.encrypt(clear, path, KEY)
    assert b"alice" not in path.read_bytes()
    assert making.verified(path, tmp_path / "a", KEY).rows()["users"] == 1
    for key in ("", encryption.new_key()):
        with pytest.raises(BackupError, match="BACKUP_KEY"):
            making.verified(path, tmp_path / "b", key)


@pytest.mark.parametrize("kept", [0.2, 0.6, 0.999])
def test_a_backup_that_was_cut_off_is_refused(clear: Path, tmp_path: Path, kept: float) -> None:
    whole = clear.read_bytes()
    (tmp_path / "cut").write_bytes(whole[: int(len(whole) * kept)])
    with pytest.raises(BackupError):
        making.verified(tmp_path / "cut", tmp_path / "a", "")
    encryption.encrypt(clear, tmp_path / "encrypted", KEY)
    whole = (tmp_path / "encrypted").read_bytes()
    (tmp_path / "encrypted").write_bytes(whole[: int(len(whole) * kept)])
    with pytest.raises(BackupError):
        making.verified(tmp_path / "encrypted", tmp_path / "a", KEY)


@pytest.mark.parametrize("at", [0.1, 0.5, 0.8])
def test_a_changed_byte_is_found(clear: Path, tmp_path: Path, at: float) -> None:
    encryption.encrypt(clear, tmp_path / "encrypted", KEY)
    for path in (clear, tmp_path / "encrypted"):
        body = bytearray(path.read_bytes())
        place = int(len(body) * at)
        if path == clear:  # a byte of a table, not one of the zip's own bookkeeping
            with ZipFile(clear) as zipped:
                part = max(zipped.infolist(), key=lambda one: one.file_size)
            place = part.header_offset + 100 + int(part.file_size * at)
        body[place] ^= 1
        (tmp_path / "changed").write_bytes(body)
        with pytest.raises(BackupError):
            making.verified(tmp_path / "changed", tmp_path / "a", KEY)


def test_a_backup_of_a_newer_release_is_refused(
    services: Services, clear: Path, tmp_path: Path
) -> None:
    newer = tmp_path / "newer.backup"
    with ZipFile(clear) as old, ZipFile(newer, "w") as new:
        for one in old.namelist():
            body = old.read(one)
            if one == container.MANIFEST:
                told = orjson.loads(body)
                body = orjson.dumps(told | {"migrations": [*told["migrations"], "9999_later"]})
            new.writestr(one, body)
    with pytest.raises(BackupError, match="newer release"):
        restoring.restore(services, newer)


def test_an_empty_database_of_another_release_is_made_anew(services: Services, clear: Path) -> None:
    """`migrate` may have run before anybody thought of the backup."""
    restoring.restore(services, clear)
    assert User.get().spotify_account_id == "alice"
    assert history.total(User.get().id) == 1


def test_memory_stays_small_however_long_a_table_is(
    services: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Parts end at so many bytes or rows, and rows are fetched a few at a time."""
    monkeypatch.setattr(container, "PART_ROWS", 10)
    user, track = plays_of.person("alice"), plays_of.track("one")
    for minute in range(35):
        plays_of.play(user, plays_of.at(minute), track)
    made = making.make(services, tmp_path / "one.backup")
    assert [part.rows for part in made.tables["plays"]] == [10, 10, 10, 5]
    big = [(b"x" * (5 << 20),)] * 4
    assert [len(some) for some in container._some(big)] == [2, 2]


@pytest.mark.usefixtures("database")
def test_every_column_has_a_form(tmp_path: Path) -> None:
    assert {table.name for table in schema.tables()} >= {"users", "plays", "catalog_blocks"}
    with source.consistent(tmp_path) as rows:
        assert all(list(rows(table)) is not None for table in schema.tables())
