"""Whether the archive is kept: database, durability, disk, files and storage."""

from __future__ import annotations

import secrets
from pathlib import Path

from peewee import PeeweeException

from audiospective import environment, models
from audiospective.clients.storage import AwayError, StorageError
from audiospective.models import database, dialects
from audiospective.models.base import DurabilityError
from audiospective.operations.doctor.finding import Finding, first_line
from audiospective.services import Services

_PROBE = b"audiospective"
_AWAY = "Checks go on; exports, imports and years in storage wait. Look at S3_ENDPOINT_URL."
_NO = "Make the folder writable, or correct STORAGE_URL, the bucket, its keys and S3_REGION."


def of_database(services: Services) -> Finding:
    kind = dialects.name()
    try:
        missing = models.pending()
    except models.EncodingError as error:
        said, _, advice = str(error).partition("; ")
        return Finding("Database", said, f"{advice[:1].upper()}{advice[1:]}")
    except (PeeweeException, DurabilityError, OSError) as error:
        return Finding(
            "Database",
            f"{kind} cannot be used ({first_line(error)})",
            "Check DATABASE_URL and that the server runs.",
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
        return Finding("Durability", "could not be asked", "Repair the database first.")
    if weak:
        return Finding(
            "Durability",
            f"{', '.join(weak)} off: a commit may vanish in a power cut",
            "Turn it on in the PostgreSQL server's settings.",
        )
    return Finding("Durability", "commits are synced")


def disk(services: Services) -> Finding:
    """An SQLite file on a disk that a deploy throws away is an archive that is thrown away."""
    settings = services.settings
    if not dialects.file():
        return Finding("Disk", "the archive is on a database server")
    if settings.host_platform:
        return Finding(
            "Disk",
            f"SQLite on {settings.host_platform}, whose disk is emptied with every deploy",
            "Set DATABASE_URL to a PostgreSQL database: the archive would be lost.",
        )
    if settings.https:
        return Finding(
            "Disk",
            "SQLite under a public address",
            f"Make sure that {settings.home} is on a disk that outlives restarts and deploys.",
            serious=False,
        )
    return Finding("Disk", f"the archive is in {settings.home}")


def privacy(services: Services) -> Finding:
    """Whether other users of this machine can read the database or the home's secrets."""
    home = services.settings.home
    paths = [home / environment.LOCAL_FILE]
    if file := dialects.file():
        paths.append(file)
    readable = [str(path) for path in paths if _readable_by_others(path)]
    if readable:
        return Finding(
            "Privacy",
            f"other users of this machine can read {' and '.join(readable)}",
            f"Run: chmod -R go-rwx {home}",
            serious=False,
        )
    return Finding("Privacy", "files are readable by their owner only")


def storage(services: Services) -> Finding:
    """Put something there, read it back and take it away again."""
    kept, settings = services.storage, services.settings
    where = settings.storage_url
    if settings.storage_url.startswith("s3:") and settings.s3_endpoint_url:
        where += f" at {settings.s3_endpoint_url}"
    key = f"doctor/{secrets.token_hex(16)}"
    try:
        kept.put(key, _PROBE)
        try:
            same = kept.get(key) == _PROBE
        finally:
            kept.delete(key)
    except AwayError as error:
        return Finding("Storage", f"{where}: {first_line(error)}", _AWAY)
    except StorageError as error:
        return Finding("Storage", f"{where}: {first_line(error)}", _NO)
    if not same:
        return Finding("Storage", f"{where} gives back other bytes than were put", _NO)
    return Finding("Storage", f"{where} can be written and read")


def _readable_by_others(path: Path) -> bool:
    """Whether the file, and every folder on the way to it, lets others in."""
    try:
        if not path.stat().st_mode & 0o044:
            return False
        return all(parent.stat().st_mode & 0o011 for parent in path.absolute().parents)
    except OSError:
        return False
