"""Whether files of this machine outlive a deploy, and who can read them."""

from __future__ import annotations

from pathlib import Path

from audiospective import environment
from audiospective.models import dialects
from audiospective.operations.disk import low
from audiospective.operations.doctor.finding import Finding
from audiospective.services import Services


def disk(services: Services) -> Finding:
    """An SQLite file on a disk that a deploy throws away is an archive that is thrown away."""
    settings = services.settings
    if (room := low(settings)) is not None:
        return Finding("Disk", room.said, "Make room: a full disk takes no more plays.")
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


def _readable_by_others(path: Path) -> bool:
    """Whether the file, and every folder on the way to it, lets others in."""
    try:
        if not path.stat().st_mode & 0o044:
            return False
        return all(parent.stat().st_mode & 0o011 for parent in path.absolute().parents)
    except OSError:
        return False
