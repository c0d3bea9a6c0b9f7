"""What the sandbox remembers: documents by kind and key, in one SQLite file or nowhere."""

import sqlite3
from collections.abc import Iterable
from pathlib import Path
from threading import Lock
from typing import Any

import orjson

FILE = "sandbox.sqlite3"
Document = dict[str, Any]


class HomeInUseError(RuntimeError):
    """Another sandbox already lives in this directory."""


class Store:
    """Every write is committed before it returns, so a killed process has lost nothing it said.

    Without a home nothing is kept and every write is free.
    """

    def __init__(self, home: Path | None = None) -> None:
        self._lock = Lock()
        self._file: sqlite3.Connection | None = None
        if home is None:
            return
        home.mkdir(parents=True, exist_ok=True)
        path = home / FILE
        path.touch(mode=0o600)
        self._file = sqlite3.connect(
            path, timeout=0.5, isolation_level=None, check_same_thread=False
        )
        try:
            # The lock is held for life: two sandboxes in one home would forget each other's tokens.
            self._file.execute("PRAGMA locking_mode = EXCLUSIVE")
            self._file.execute("PRAGMA journal_mode = WAL")
            self._file.execute("PRAGMA synchronous = NORMAL")
            self._file.execute(
                "CREATE TABLE IF NOT EXISTS documents"
                " (kind TEXT, key TEXT, body BLOB, PRIMARY KEY (kind, key)) WITHOUT ROWID"
            )
            # Reading alone would not take the exclusive lock.
            self._file.execute("DELETE FROM documents WHERE kind = ''")
        except sqlite3.OperationalError as error:
            self._file.close()
            raise HomeInUseError(f"{home} is in use by another sandbox") from error

    @property
    def keeps(self) -> bool:
        """Whether anything is kept at all."""
        return self._file is not None

    def put(self, kind: str, key: str, document: Document) -> None:
        """Keep one document."""
        self.put_many(kind, [(key, document)])

    def put_many(self, kind: str, documents: Iterable[tuple[str, Document]]) -> None:
        """Keep several documents, all or none."""
        if self._file is None:
            return
        rows = [(kind, key, orjson.dumps(document)) for key, document in documents]
        with self._lock:
            self._file.execute("BEGIN")
            self._file.executemany("INSERT OR REPLACE INTO documents VALUES (?, ?, ?)", rows)
            self._file.execute("COMMIT")

    def drop(self, kind: str, keys: Iterable[str]) -> None:
        """Forget documents; keys never kept are ignored."""
        if self._file is None:
            return
        rows = [(kind, key) for key in keys]
        with self._lock:
            self._file.execute("BEGIN")
            self._file.executemany("DELETE FROM documents WHERE kind = ? AND key = ?", rows)
            self._file.execute("COMMIT")

    def all(self, kind: str) -> list[Document]:
        """Every document of a kind, by key."""
        if self._file is None:
            return []
        with self._lock:
            rows = self._file.execute(
                "SELECT body FROM documents WHERE kind = ? ORDER BY key", (kind,)
            ).fetchall()
        return [orjson.loads(body) for (body,) in rows]

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            with self._lock:
                self._file.close()
            self._file = None
