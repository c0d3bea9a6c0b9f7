"""The terminal somebody sits at: it may be closed without a signal reaching us."""

from __future__ import annotations

import os
import select

GONE = select.POLLHUP | select.POLLERR | select.POLLNVAL


class Terminal:
    """Watches standard input if it is a terminal.

    When a terminal is closed, the system tells the first process of its session. If that is a
    shell, it passes the word on; if it is `make` (as in `ssh -t host make run`), it does not.
    """

    def __init__(self, descriptor: int = 0) -> None:
        self._poll: select.poll | None = None
        try:
            if os.isatty(descriptor):
                self._poll = select.poll()
                self._poll.register(descriptor, 0)  # reading would stop us in the background
        except OSError:
            self._poll = None

    def gone(self) -> bool:
        """Whether there was a terminal and it has been closed."""
        return self._poll is not None and any(event & GONE for _, event in self._poll.poll(0))
