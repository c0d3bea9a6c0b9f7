"""The services of this process, built when the first job needs them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Concatenate, ParamSpec

from audiospective.clients.deadline import Deadline
from audiospective.services import Services
from audiospective.settings import Settings

Params = ParamSpec("Params")

_services: Services | None = None
_running: Deadline | None = None


def services() -> Services:
    """Built after the fork: a connection opened in the worker's parent would be shared by all."""
    global _services  # noqa: PLW0603 - one process has one set of services
    if _services is None:
        _services = Services.build(Settings.from_env())
    return _services


@contextmanager
def use(given: Services) -> Iterator[None]:
    """Let jobs of this process use `given`."""
    global _services  # noqa: PLW0603
    before, _services = _services, given
    try:
        yield
    finally:
        _services = before


def task(
    job: Callable[Concatenate[Services, Params], None],
) -> Callable[Params, None]:
    """A job: is given the services and a database connection that is closed again."""

    @wraps(job)
    def run(*args: Params.args, **kwargs: Params.kwargs) -> None:
        given = services()
        with given.database.connection_context():
            job(given, *args, **kwargs)

    return run


@contextmanager
def deadline(seconds: float) -> Iterator[Deadline]:
    """A deadline that `stop_soon` can bring forward, for a job that can end early in good order."""
    global _running  # noqa: PLW0603
    _running = Deadline(seconds)
    try:
        yield _running
    finally:
        _running = None


def stop_soon() -> None:
    """Tell the running job to give back what it has not begun; from a signal handler."""
    if _running is not None:
        _running.stop()
