"""Navidrome's own database, of which the table of plays is read."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from audiospective.imports.errors import ContainerError, NotHistoryError
from audiospective.imports.plays import SECOND, Batch, Broken
from audiospective.imports.reading import times
from audiospective.imports.reading.gathering import Gathering
from audiospective.imports.reading.values import positive, text, uuid
from audiospective.imports.sources import by_row
from audiospective.imports.sources.base import Answers, Examined, File, Peek, Verdict
from audiospective.imports.survey import Question

_COLUMNS = {
    "title": ("title",),
    "artist": ("artist",),
    "album": ("album",),
    "album_artist": ("album_artist",),
    "seconds": ("duration",),
    "mbid": ("mbz_recording_id", "mbz_track_id"),
}
_KNOWN = {"time", *_COLUMNS}
_DAMAGED = "The database is damaged; make a backup of it with Navidrome and send that."
_UNKNOWN = "A database of a program that is not known here; export its plays as CSV."
_ALLOWED = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION}
_STEPS = 100_000_000  # of SQLite's machine; a million plays take a tenth of that


def sniff(peek: Peek) -> Verdict | None:
    """Any database by exclusion: `examine` looks for the tables."""
    return Verdict(10) if peek.kind == "sqlite" else None


def examine(file: File, _answers: Answers) -> Examined:
    """Whose plays there are; raises NotHistoryError for another program's database."""
    with _opened(file.path()) as database:
        if not {"scrobbles", "media_file"} <= _tables(database):
            raise NotHistoryError(_UNKNOWN)
        people = _people(database)
    if len(people) < 2:
        return Examined()
    return Examined((Question("person", "Whose plays do you want to import?", tuple(people)),))


def read(files: Sequence[File], answers: Answers) -> Iterator[Batch | Broken]:
    """The plays of one person, in the order in which they were stored."""

    def rows(file: File) -> by_row.Rows:
        with _opened(file.path()) as database:
            people = _people(database)
            if len(people) > 1 and answers.person not in people:
                raise NotHistoryError("It holds the plays of several people: say whose you want.")
            person = people.get(answers.person or "") if len(people) > 1 else None
            for number, row in enumerate(database.execute(_query(database), (person, person)), 1):
                yield number, dict(zip(("time", *_COLUMNS), row, strict=True))

    yield from by_row.read(files, answers, _KNOWN, rows, _take)


def reduce(path: Path, target: Path) -> None:
    """Copy what reading needs: plays, what they are of, and names only to tell people apart.

    Everything else of a server's database stays behind: passwords, addresses, other tables.
    Raises ContainerError and NotHistoryError.
    """
    with _opened(path) as source, closing(sqlite3.connect(target)) as copy:
        if not {"scrobbles", "media_file"} <= _tables(source):
            raise NotHistoryError(_UNKNOWN)
        people = _people(source)
        there = {one[0] for one in source.execute("SELECT * FROM media_file LIMIT 0").description}
        columns = [name for names in _COLUMNS.values() for name in names if name in there]
        copy.execute("CREATE TABLE scrobbles (media_file_id, user_id, submission_time)")
        copy.execute(f"CREATE TABLE media_file ({', '.join(['id', *columns])})")
        copy.execute('CREATE TABLE "user" (id, user_name)')
        plays = source.execute(
            "SELECT media_file_id, user_id, submission_time FROM scrobbles ORDER BY rowid"
        )
        copy.executemany("INSERT INTO scrobbles VALUES (?, ?, ?)", plays)
        files = source.execute(f"SELECT {', '.join(['id', *columns])} FROM media_file")  # noqa: S608 - constants
        marks = ", ".join("?" * (len(columns) + 1))
        copy.executemany(f"INSERT INTO media_file VALUES ({marks})", files)  # noqa: S608 - marks
        if len(people) > 1:
            copy.executemany(
                'INSERT INTO "user" VALUES (?, ?)', [(v, k) for k, v in people.items()]
            )
        copy.commit()


def _tables(database: sqlite3.Connection) -> set[str]:
    found = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
    return {name for (name,) in found}


def _take(gathering: Gathering, number: int, row: Mapping[str, Any]) -> None:
    gathering.play(
        number,
        row,
        {
            "started_at": times.unix(row["time"]),
            "title": text(row["title"]),
            "artist": text(row["artist"]),
            "album": text(row["album"]),
            "album_artist": text(row["album_artist"]),
            "mbid": uuid(row["mbid"]),
            "length_ms": positive(row["seconds"], SECOND),
        },
    )


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    """The database, of which nothing but tables can be read; raises ContainerError."""
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro&immutable=1", uri=True)) as database:
            database.text_factory = lambda raw: raw.decode("utf-8", "replace")
            for pragma in ("trusted_schema = OFF", "cell_size_check = ON", "mmap_size = 0"):
                database.execute(f"PRAGMA {pragma}")
            database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, 1 << 20)
            database.set_authorizer(_authorize)
            budget = iter(range(_STEPS // 10_000))
            database.set_progress_handler(lambda: next(budget, None) is None, 10_000)
            yield database
    except (sqlite3.Error, OverflowError, UnicodeDecodeError):  # the last from a garbled message
        raise ContainerError(_DAMAGED) from None


def _authorize(action: int, _one: object, _two: object, _three: object, inner: object) -> int:
    """`inner` is the view or trigger that asks: those of a stranger's database never run."""
    allowed = action in _ALLOWED and inner is None
    return sqlite3.SQLITE_OK if allowed else sqlite3.SQLITE_DENY


def _people(database: sqlite3.Connection) -> dict[str, str]:
    """Ids of the people with plays, by their names."""
    ids = [one for (one,) in database.execute("SELECT DISTINCT user_id FROM scrobbles LIMIT 1000")]
    names: dict[str, str] = {}
    for number, one in enumerate(ids, 1):
        try:
            found = database.execute('SELECT user_name FROM "user" WHERE id = ?', (one,)).fetchone()
        except sqlite3.OperationalError:
            found = None
        name = text(found[0]) if found else None
        names[name if name and name not in names else f"Person {number}"] = one
    return names


def _query(database: sqlite3.Connection) -> str:
    """Columns were renamed over the years; one that is not there is null."""
    there = {one[0] for one in database.execute("SELECT * FROM media_file LIMIT 0").description}
    columns = [
        next((f"m.{name}" for name in names if name in there), "NULL")
        for names in _COLUMNS.values()
    ]
    return (
        f"SELECT s.submission_time, {', '.join(columns)} FROM scrobbles s"  # noqa: S608 - constants
        " LEFT JOIN media_file m ON m.id = s.media_file_id"
        " WHERE ? IS NULL OR s.user_id = ? ORDER BY s.rowid"
    )
