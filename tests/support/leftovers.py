"""A guard: a test leaves no connection to PostgreSQL open, and the process as it found it."""

from __future__ import annotations

import gc
import logging
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from weakref import WeakSet

import psycopg
import pytest

from audiospective import log
from tests.support.processes import until

_opened: WeakSet[psycopg.Connection[Any]] = WeakSet()


@pytest.fixture(autouse=True, scope="session")
def connections_noted() -> Iterator[None]:
    """Note every connection to PostgreSQL that this process makes."""
    make = psycopg.Connection.__init__

    def noted(self: psycopg.Connection[Any], *args: Any, **kwargs: Any) -> None:
        make(self, *args, **kwargs)
        _opened.add(self)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(psycopg.Connection, "__init__", noted)
        yield


@contextmanager
def connections_closed(seconds: float = 30) -> Iterator[None]:
    """Fails if a connection is open at the end, and closes it.

    Else it would be found by the collection of garbage, which fails whatever test runs then.
    """
    before = WeakSet(_open())  # such as a connection of a whole module

    def left() -> list[psycopg.Connection[Any]]:
        return [one for one in _open() if one not in before]

    yield
    if left():
        try:
            until(lambda: not left(), "every connection to PostgreSQL is closed", seconds)
        finally:
            for one in left():
                one.close()


@pytest.fixture(autouse=True)
def no_connection_left(connections_noted: None) -> Iterator[None]:
    """Threads that a test ended may still be closing theirs."""
    with connections_closed():
        yield


def _open() -> list[psycopg.Connection[Any]]:
    return [one for one in list(_opened) if not one.closed]


@contextmanager
def as_found() -> Iterator[None]:
    """Sets back what commands and workers that run in here set for their process, for good."""
    with ExitStack() as held:
        for remember in (_log, _environment, _folder, _new_files, _garbage, _reports):
            held.callback(remember())
        yield


@pytest.fixture(autouse=True)
def process_as_found() -> Iterator[None]:
    """The next test finds the process as this one did."""
    with as_found():
        yield


def _log() -> Callable[[], None]:
    disabled = logging.root.manager.disable
    names = ("level", "disabled", "propagate")
    kept = [
        (one, {name: getattr(one, name) for name in names}, one.handlers[:], one.filters[:])
        for one in map(logging.getLogger, (log.ROOT, *log.LIBRARIES))
    ]

    def back() -> None:
        logging.disable(disabled)
        for one, values, handlers, filters in kept:
            one.setLevel(values["level"])  # which forgets what was allowed before
            vars(one).update(values)
            one.handlers[:], one.filters[:] = handlers, filters

    return back


def _environment() -> Callable[[], None]:
    before = dict(os.environ)

    def back() -> None:
        before["PYTEST_CURRENT_TEST"] = os.environ.get("PYTEST_CURRENT_TEST", "")
        if before != os.environ:
            os.environ.clear()
            os.environ.update(before)
        time.tzset()

    return back


def _folder() -> Callable[[], None]:
    before = Path.cwd()
    return lambda: os.chdir(before)


def _new_files() -> Callable[[], None]:
    before = os.umask(0o077)
    os.umask(before)
    return lambda: (os.umask(before), None)[1]


def _garbage() -> Callable[[], None]:
    return gc.enable if gc.isenabled() else gc.disable


def _reports() -> Callable[[], None]:
    def client() -> Any:
        sentry = sys.modules.get("sentry_sdk")
        return sentry and sentry.get_client()

    before = client()

    def back() -> None:
        if before is not None and client() is not before:
            sys.modules["sentry_sdk"].get_global_scope().set_client(before)

    return back
