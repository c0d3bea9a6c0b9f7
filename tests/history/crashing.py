"""Crashes at the n-th step of the database, before it or right after it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest

from audiospective.models import database
from audiospective.models.base import is_sqlite
from tests.support.processes import until


class Crash(BaseException):
    """The process ends here; nobody gets to clean up."""


class Saboteur:
    """Counts what is said to the database; dies at step `at`, `late`: once it was carried out."""

    def __init__(self, at: int, *, late: bool) -> None:
        self.at, self.late, self.steps = at, late, 0

    @property
    def dead(self) -> bool:
        return self.steps >= self.at

    def around(self, step: Any) -> Any:
        def run(*args: Any, **kwargs: Any) -> Any:
            if self.dead:  # whoever tries to roll back is not there any more
                raise Crash
            self.steps += 1
            if self.dead and not self.late:
                raise Crash
            answer = step(*args, **kwargs)
            if self.dead:
                raise Crash
            return answer

        return run


@contextmanager
def crashing(at: int, *, late: bool) -> Iterator[Saboteur]:
    """Let statements, commits and rollbacks of this thread's connection end in a crash.

    Whatever was open is cut like the connection of a process that was killed, and a new
    connection is made for those who come after.
    """
    saboteur = Saboteur(at, late=late)
    with pytest.MonkeyPatch.context() as patch:
        for name in ("execute_sql", "commit", "rollback", "begin"):
            patch.setattr(database.obj, name, saboteur.around(getattr(database.obj, name)))
        with suppress(Crash):
            yield saboteur
    if saboteur.dead:
        state = database.obj._state
        backend = None if is_sqlite() else state.conn.info.backend_pid
        state.conn.close()  # the server rolls back what it holds
        contexts = list(state.ctx)
        state.reset()
        database.connect()
        state.ctx.extend(contexts)
        if backend is not None:  # in its own time; until then it still holds its locks
            until(lambda: _gone(backend), "the server has noticed")


def _gone(backend: int) -> bool:
    query = "SELECT count(*) FROM pg_stat_activity WHERE pid = %s"
    return bool(database.execute_sql(query, (backend,)).fetchone()[0] == 0)
