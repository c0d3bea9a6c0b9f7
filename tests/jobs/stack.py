"""Real worker and scheduler processes against a sandbox, a database and a Redis."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from audiospective import clock
from audiospective.clients.queues import FREE
from audiospective.models import Connection, Play
from audiospective.models.connections import ACCESS_PLACE, REFRESH_PLACE
from audiospective.polling import plan
from audiospective.sandbox import CLIENT_ID, CLIENT_SECRET, SandboxServer
from audiospective.services import Services
from audiospective.settings import Settings
from tests.factories import make_connection, make_user
from tests.fixtures import TOKEN_KEY
from tests.support.processes import start, stop, until
from tests.support.redis import hang_up

ROOT = Path(__file__).parent.parent.parent


@dataclass
class Stack:
    """What a deployment has, with handles to look inside and to break it."""

    services: Services
    sandbox: SandboxServer
    environment: dict[str, str]
    children: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def control(self) -> Any:
        return self.sandbox.control

    def start(self, script: str, *arguments: str) -> subprocess.Popen[bytes]:
        """`worker.py` or `scheduler.py`, as a dyno would run it."""
        child = start(
            [sys.executable, script, *arguments],
            cwd=ROOT,
            env=self.environment,
            start_new_session=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self.children.append(child)
        return child

    def people(self, count: int, plays: int = 5, **values: Any) -> list[str]:
        """Listeners who played something and whose connections are due; their sandbox ids."""
        made = list(self.control.make_listeners(count))
        for name in made:
            self.control.burst(name, plays, seconds_apart=40)
            self.connect(name, **values)
        return made

    def connect(self, name: str, **values: Any) -> Connection:
        tokens = self.control.mint(name)
        user = make_user(name)
        encrypt = self.services.vault.encrypt
        return make_connection(
            self.services,
            user,
            access_encrypted=encrypt(ACCESS_PLACE, user.id, tokens["access_token"]),
            refresh_encrypted=encrypt(REFRESH_PLACE, user.id, tokens["refresh_token"]),
            **values,
        )

    def user_id(self, name: str) -> int:
        found = Connection.select().join_from(Connection, Connection.user.rel_model)
        return next(row.user_id for row in found if row.user.spotify_id == name)

    def enqueue_batch(self, ids: Sequence[int] = ()) -> None:
        """A batch of this slot, of everybody unless `ids` says otherwise."""
        ids = ids or [row.user_id for row in Connection.select().order_by(Connection.user)]
        slot = plan.slot_name(plan.current_slot(self.services, clock.now()).start)
        self.services.queues.enqueue(FREE, "archive_batch", slot, list(ids))

    def let_leases_run_out(self) -> None:
        """A minute passes for everybody who is held."""
        spent = clock.to_ms(clock.now() - timedelta(seconds=1))
        Connection.update(lease_until=spent).where(Connection.lease_until > spent).execute()

    def polled(self) -> int:
        return Connection.select().where(Connection.last_success_at.is_null(False)).count()

    def plays(self) -> int:
        return Play.select().count()

    def calls(self, names: Sequence[str]) -> dict[str, int]:
        return {name: self.control.calls("recently-played", listener=name) for name in names}

    def horse(self, worker: subprocess.Popen[bytes]) -> int | None:
        """The process that runs the job, if there is one."""
        path = Path(f"/proc/{worker.pid}/task/{worker.pid}/children")
        with suppress(FileNotFoundError):
            for pid in path.read_text().split():
                return int(pid)
        return None


@contextmanager
def running(database_url: str, redis_url: str, home: Path, **more: str) -> Iterator[Stack]:
    """A sandbox and services; whatever the test starts is killed at its end. `more`: settings."""
    with SandboxServer() as sandbox:
        environment = {
            **{name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
            "AUDIOSPECTIVE_HOME": str(home),
            "DATABASE_URL": database_url,
            "REDIS_URL": redis_url,
            "SECRET_KEY": "s" * 40,
            "TOKEN_KEYS": TOKEN_KEY,
            "SPOTIFY_CLIENT_ID": CLIENT_ID,
            "SPOTIFY_CLIENT_SECRET": CLIENT_SECRET,
            "SPOTIFY_ACCOUNTS_URL": sandbox.accounts_url,
            "SPOTIFY_API_URL": sandbox.api_url,
            "MAIL_FROM": "Audiospective <mail@archive.example>",
            "PYTHONDONTWRITEBYTECODE": "1",
            **more,
        }
        services = Services.build(Settings.from_env(environment))
        stack = Stack(services, sandbox, environment)
        try:
            with services.database.connection_context():
                yield stack
        finally:
            for child in stack.children:
                kill(child)
            hang_up(services.redis)


def kill(child: subprocess.Popen[bytes]) -> None:
    """SIGKILL a worker with all its processes: the power is cut."""
    group = [child.pid]
    path = Path(f"/proc/{child.pid}/task/{child.pid}/children")
    with suppress(FileNotFoundError):
        group += [int(pid) for pid in path.read_text().split()]
    for pid in group:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)
            os.kill(pid, signal.SIGKILL)
    stop(child)


__all__ = ["Stack", "kill", "running", "until"]
