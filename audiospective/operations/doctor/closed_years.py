"""Whether closed years may move: not where another deployment has this database's folder."""

from __future__ import annotations

from peewee import PeeweeException

from audiospective.clients.storage import StorageError
from audiospective.history.closed import prefix
from audiospective.models import database
from audiospective.models.base import DurabilityError
from audiospective.operations.doctor.finding import Finding, first_line
from audiospective.services import Services

_SUBJECT = "Closed years"
_MOVED = (
    "If this instance got another address or another database, run: python -m audiospective years"
    " claim. If it is a copy, set CLOSED_YEARS=database."
)


def look(services: Services) -> Finding:
    """Read whose the folder is, if this database ever took one; nothing is written."""
    settings = services.settings
    try:
        with database.connection_context():
            folder = prefix.known()
            taken = prefix.is_taken(services.storage, settings.deployment)
    except (PeeweeException, DurabilityError, OSError):
        return Finding(_SUBJECT, "could not be looked up", "Repair the database first.")
    except StorageError as error:
        return Finding(
            _SUBJECT,
            f"storage does not say whose they are ({first_line(error)})",
            "Nothing moves meanwhile, and nothing is lost.",
            serious=False,
        )
    if taken:
        said = f"{folder} in storage belongs to another deployment: no year moves"
        return Finding(_SUBJECT, said, _MOVED, serious=False)
    if settings.keeps_closed_years_in_storage:
        return Finding(_SUBJECT, "go to storage")
    return Finding(_SUBJECT, "stay in the database" if folder is None else "come home on demand")
