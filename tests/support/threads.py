"""Acts in a thread of their own, as another process would do them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

from audiospective.models import database

Answer = TypeVar("Answer")


def elsewhere(act: Callable[[], Answer]) -> Answer:
    """Do `act` in another thread with a connection of its own; its result."""
    answers: list[Answer] = []

    def work() -> None:
        with database.connection_context():
            answers.append(act())

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(60)
    assert answers, "it hangs, or it failed"
    return answers[0]
