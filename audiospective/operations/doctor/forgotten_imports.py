"""Whether members brought files that the database does not know: then it is one from before."""

from __future__ import annotations

from itertools import islice

from peewee import PeeweeException

from audiospective.clients.storage import StorageError
from audiospective.imports import storing
from audiospective.models import Import, User, database
from audiospective.models.base import DurabilityError
from audiospective.operations.doctor.finding import UNASKED, Finding, first_line
from audiospective.services import Services

_SUBJECT = "Imports"
_MOST = 20_000  # files that are looked at
_NAMED = 10  # members that are named
_OLDER = (
    "The database went back to an older state: what these members brought since is no longer in"
    " their archives. Have them import it again; docs/operations.md, A database from before."
)


def look(services: Services) -> Finding:
    """List what storage has of imports, then look for their rows; nothing is written."""
    try:
        listed = list(islice(services.storage.list(storing.FOLDER), _MOST))
        with database.connection_context():
            known = set(Import.select(Import.user, Import.id).tuples())
            members = {user_id for (user_id,) in User.select(User.id).tuples()}
    except StorageError as error:
        return Finding(_SUBJECT, f"storage {UNASKED} ({first_line(error)})", serious=False)
    except (PeeweeException, DurabilityError, OSError):
        return Finding(_SUBJECT, "could not be looked up", "Repair the database first.")
    there = {storing.owner(one.key) for one in listed}
    # Files of members who are deleted go after their rows.
    lost = sorted({user_id for user_id, number in there - known if user_id in members})
    if not lost:
        return Finding(_SUBJECT, "the database knows all that was brought")
    named = ", ".join(map(str, lost[:_NAMED])) + (", ..." if len(lost) > _NAMED else "")
    said = f"storage has files of imports that the database does not know, of members {named}"
    return Finding(_SUBJECT, said, _OLDER, serious=False)
