"""Starts the worker and the scheduler."""

from __future__ import annotations

from audiospective import boot
from audiospective.jobs import scheduler as scheduling
from audiospective.jobs.worker import build
from audiospective.settings import use_utc


def worker() -> None:
    """Serve the queues until told to stop."""
    build(boot.services().redis).work(logging_level="WARNING")


def scheduler() -> None:
    """Run the timetable until told to stop."""
    use_utc()
    scheduling.run(boot.services())
