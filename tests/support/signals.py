"""A guard: a library that takes over signals in a test gives them back after it."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

WATCHED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD, signal.SIGALRM)


@pytest.fixture(autouse=True)
def signals_given_back() -> Iterator[None]:
    """RQ's workers install handlers for good; a later Ctrl-C would end in one of theirs."""
    before = {sign: signal.getsignal(sign) for sign in WATCHED}
    yield
    for sign, handler in before.items():
        if signal.getsignal(sign) is not handler:
            signal.signal(sign, handler)
