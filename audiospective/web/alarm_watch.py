"""Has each web process look for alarms every minute, beside the pages it serves."""

from __future__ import annotations

import random
import threading
from contextlib import suppress

from redis.exceptions import RedisError

from audiospective import log
from audiospective.operations import agreement, watch
from audiospective.services import Services

EVERY = 60.0  # seconds
AT_FIRST = 20.0  # at most: processes that start together do not look together


def start(services: Services, stopped: threading.Event | None = None) -> threading.Thread:
    """Look until `stopped`; the thread ends with the process."""
    stopped = stopped or threading.Event()
    thread = threading.Thread(target=_run, args=(services, stopped), name="watch", daemon=True)
    thread.start()
    return thread


def _run(services: Services, stopped: threading.Event) -> None:
    wait = random.uniform(AT_FIRST / 4, AT_FIRST)
    while not stopped.wait(wait):
        wait = EVERY
        try:
            with suppress(RedisError):
                agreement.leave(services.redis, services.settings, agreement.WEB)
            with services.database.connection_context():
                watch.look(services)
        except Exception as error:  # noqa: BLE001 - a database that is away today is back tomorrow
            log.trouble("watch_failed", error)
