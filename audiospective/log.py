"""The log: one JSON object a line, with ids and never with a name, an address or a token.

Everything is written with `event` or, of an exception, with `trouble`: a name in snake_case that
can be searched for, and fields.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

INFO, WARNING, ERROR = logging.INFO, logging.WARNING, logging.ERROR
ROOT = "audiospective"
LIBRARIES = ("rq", "rq_scheduler")
FIELDS = "event"  # `extra={"event": {...}}`: the fields of a record


class JsonFormatter(logging.Formatter):
    """A record as one line: time, level, logger, event, and the event's own fields."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage(),
        }
        line |= getattr(record, FIELDS, {})
        if record.exc_info and record.exc_info[1] is not None:
            # Only the place and the type: the text of an exception may quote what it choked on.
            line["error"] = type(record.exc_info[1]).__name__
            if where := place(record.exc_info[1]):
                line["where"] = where
        return json.dumps(line, separators=(",", ":"), default=str)


def place(error: BaseException) -> str:
    """Where an exception was raised: `file.py:12`; empty if it never was."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return ""
    return f"{trace.tb_frame.f_code.co_filename.rpartition('/')[2]}:{trace.tb_lineno}"


class _StandardError(logging.Handler):
    """Writes to what standard error is at that moment, not to what it was at the start."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            sys.stderr.write(self.format(record) + "\n")
            sys.stderr.flush()
        except (OSError, ValueError):  # a closed pipe must not end a poll
            return


def configure(level: str) -> None:
    """Write the package's log to standard error; doing it again changes only the level.

    RQ's loggers, which would print whole tracebacks, write the same way.
    """
    for name in (ROOT, *LIBRARIES):
        logger = logging.getLogger(name)
        if not any(isinstance(handler, _StandardError) for handler in logger.handlers):
            handler = _StandardError()
            handler.setFormatter(JsonFormatter())
            logger.addHandler(handler)
        logger.setLevel(level if name == ROOT else logging.WARNING)


@contextmanager
def silenced() -> Iterator[None]:
    """Write nothing meanwhile, for a measurement that makes thousands of lines."""
    logger = logging.getLogger(ROOT)
    before = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        logger.setLevel(before)


def event(name: str, level: int = INFO, **fields: Any) -> None:
    """Write one event; `fields` are ids, numbers and short words, nothing personal."""
    logger = logging.getLogger(ROOT)
    if logger.isEnabledFor(level):
        logger.log(level, name, extra={FIELDS: fields})


def trouble(name: str, error: BaseException, **fields: Any) -> None:
    """Write an exception that was caught: its type and where it came from."""
    logging.getLogger(ROOT).error(name, exc_info=error, extra={FIELDS: fields})
