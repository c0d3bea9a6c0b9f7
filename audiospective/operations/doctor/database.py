"""Whether the database can be used and keeps what is committed."""

from __future__ import annotations

from peewee import PeeweeException

from audiospective import models
from audiospective.models import database, dialects
from audiospective.models.base import DurabilityError
from audiospective.operations.doctor.finding import UNASKED, Finding, first_line
from audiospective.policy import database_refusal
from audiospective.services import Services


def reached(services: Services) -> Finding:
    kind = dialects.name()
    try:
        missing = models.pending()
        with database.connection_context():
            writable = dialects.takes_writes()
    except models.EncodingError as error:
        said, _, advice = str(error).partition("; ")
        return Finding("Database", said, f"{advice[:1].upper()}{advice[1:]}")
    except (PeeweeException, DurabilityError, OSError) as error:
        found = database_refusal.known(str(error))
        return Finding(
            "Database",
            f"{kind} cannot be used ({first_line(error)})",
            found[1] if found else "Check DATABASE_URL and that the server runs.",
        )
    if not writable:
        return Finding(
            "Database",
            f"{kind} answers, and takes nothing that is written",
            "A copy answers, or it is set to read only: let DATABASE_URL name the primary.",
        )
    if missing:
        return Finding(
            "Database",
            f"{len(missing)} migrations are missing",
            "Run: python -m audiospective migrate",
        )
    return Finding("Database", f"{kind}, up to date")


def durability(services: Services) -> Finding:
    """SQLite's settings are read back with every connection; PostgreSQL's are the server's."""
    if dialects.file():
        return Finding("Durability", "write-ahead log, every commit synced")
    try:
        with database.connection_context():
            weak = dialects.unsynced()
    except (PeeweeException, OSError):
        return Finding("Durability", UNASKED, "Repair the database first.")
    if weak:
        return Finding(
            "Durability",
            f"{', '.join(weak)} off: a commit may vanish in a power cut",
            "Turn it on in the PostgreSQL server's settings.",
        )
    return Finding("Durability", "commits are synced")
