"""What the doctor found out about one thing."""

from __future__ import annotations

from dataclasses import dataclass

UNASKED = "could not be asked"


@dataclass(frozen=True)
class Finding:
    """`advice` is empty when all is well; a `serious` finding keeps plays from being archived."""

    subject: str
    state: str
    advice: str = ""
    serious: bool = True


def first_line(error: Exception) -> str:
    return str(error).partition("\n")[0] or type(error).__name__
