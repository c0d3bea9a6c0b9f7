"""What the supervisor is told about a program."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


def at_once() -> bool:
    """Ready as soon as it runs."""
    return True


@dataclass(frozen=True)
class Program:
    """One program to keep running, or to run to its end before the next one starts."""

    name: str
    command: tuple[str, ...]
    ready: Callable[[], bool] = at_once  # asked again and again; quick, never raises
    once: bool = False  # a step such as a migration: must end with status 0
    foundation: bool = False  # others need it to wind down, so it is stopped after them
    quiet: bool = False  # its output is kept back and only shown if it dies
