"""Starts the worker and the scheduler."""

from __future__ import annotations

import gc

from audiospective import boot
from audiospective.environment import give_memory_back, use_utc
from audiospective.jobs import scheduler as scheduling
from audiospective.jobs.worker import load_tasks, serve


def worker(*, bulk: bool = False) -> None:
    """Serve the queues until told to stop; with `bulk` only those of long jobs."""
    give_memory_back()
    redis = boot.services().redis
    load_tasks()
    gc.collect()
    gc.freeze()  # no job looks through what is loaded for garbage, or copies it by doing so
    serve(redis, bulk=bulk)


def scheduler() -> None:
    """Run the timetable until told to stop."""
    use_utc()
    scheduling.run(boot.services())
