"""A real worker, which forks for every batch, at the queue of a bench."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from audiospective import clock, environment
from audiospective.bench import servers
from audiospective.bench.measuring import seconds
from audiospective.clients.queues import FREE
from audiospective.models import Connection
from audiospective.models.base import read_clock
from audiospective.polling import plan
from audiospective.services import Services
from audiospective.settings import Settings

START = "from audiospective.jobs.run import worker; worker()"
LOOK = 0.01  # seconds between two looks whether all is done
PATIENCE = 300.0  # seconds for all polls of a round
WINDOW = timedelta(minutes=10)


class NotPolledError(Exception):
    """The worker did not get through."""


@dataclass(frozen=True)
class Worker:
    """A worker process, and services with its queue."""

    services: Services
    process: int

    def processor(self) -> float:
        """Seconds of processor time of it and of its jobs that have ended; 0 but on Linux."""
        path = Path(f"/proc/{self.process}/stat")
        if not path.exists():
            return 0.0
        # utime, stime, cutime and cstime; the second field, a name, may hold blanks.
        fields = path.read_text().rpartition(")")[2].split()
        ticks = sum(map(int, fields[11:15]))
        return ticks / float(os.sysconf("SC_CLK_TCK"))

    def rest(self) -> None:
        """Wait until no job is left that could still use processor time."""
        path = Path(f"/proc/{self.process}/task/{self.process}/children")
        _until(lambda: not path.exists() or not path.read_text().split(), None)


@contextmanager
def worker(settings: Settings) -> Iterator[Worker]:
    """One worker process as a dyno runs it."""
    with servers.queue() as redis_url:
        values = {
            **environment.inherited(),
            "AUDIOSPECTIVE_HOME": str(settings.home),
            "DATABASE_URL": settings.database_url,
            "REDIS_URL": redis_url,
            "SECRET_KEY": "s" * 40,
            "TOKEN_KEYS": ",".join(settings.token_keys),
            "SPOTIFY_CLIENT_ID": settings.spotify_client_id,
            "SPOTIFY_CLIENT_SECRET": settings.spotify_client_secret,
            "SPOTIFY_APP_MODE": "extended",
            "SPOTIFY_ACCOUNTS_URL": settings.spotify_accounts_url,
            "SPOTIFY_API_URL": settings.spotify_api_url,
            "MAIL_FROM": "",
            "LOG_LEVEL": "WARNING",
        }
        services = Services.build(Settings.from_env(values))
        services.database.connect(reuse_if_open=True)
        with subprocess.Popen([sys.executable, "-c", START], env=values) as process:
            try:
                _until(lambda: services.queues.workers() > 0, process)
                yield Worker(services, process.pid)
            finally:
                process.terminate()


def polls_a_second(services: Services, ids: Sequence[int], size: int, round_: int) -> float:
    """Enqueue everybody in batches, and wait until the worker has polled them."""
    began = read_clock()
    slot = plan.slot_name(plan.current_slot(services, clock.now() + round_ * WINDOW).start)
    Connection.update(next_poll_at=began).execute()
    left = (Connection.last_success_at < began) | Connection.last_success_at.is_null()

    def run() -> None:
        for start in range(0, len(ids), size):
            args = slot, list(ids[start : start + size])
            services.queues.enqueue(FREE, plan.TASK, *args)
        _until(lambda: not services.queues.queue(FREE).count, None)
        _until(lambda: not Connection.select().where(left).exists(), None)

    return len(ids) / seconds(run)[0]


def _until(done: object, process: subprocess.Popen[bytes] | None) -> None:
    pause, end = threading.Event(), clock.monotonic() + PATIENCE
    assert callable(done)
    while not done():
        if clock.monotonic() > end or (process is not None and process.poll() is not None):
            raise NotPolledError
        pause.wait(LOOK)
