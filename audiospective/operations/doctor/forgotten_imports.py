"""Whether members brought files that the database does not know: then it is one from before."""

from __future__ import annotations

from collections.abc import Collection
from itertools import islice

from peewee import PeeweeException

from audiospective.clients.storage import StorageError
from audiospective.imports import storing
from audiospective.models import database, dialects
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
        files, there = 0, set()
        for one in islice(services.storage.list(storing.FOLDER), _MOST):
            files += 1
            owner = storing.owner(one.key)
            if all(0 < number < 2**63 for number in owner):  # else it is not named as ours are
                there.add(owner)
        with database.connection_context():
            lost = _of_members(there - _known(there))
    except StorageError as error:
        return Finding(_SUBJECT, f"storage {UNASKED} ({first_line(error)})", serious=False)
    except (PeeweeException, DurabilityError, OSError):
        return Finding(_SUBJECT, "could not be looked up", "Repair the database first.")
    some = f" of the first {files:,} files" if files == _MOST else ""
    if not lost:
        return Finding(_SUBJECT, f"the database knows all{some or ' that was brought'}")
    named = ", ".join(map(str, lost[:_NAMED])) + (", ..." if len(lost) > _NAMED else "")
    said = f"storage has files of imports that the database does not know, of members {named}"
    said += f" (looked at{some.removeprefix(' of')})" if some else ""
    return Finding(_SUBJECT, said, _OLDER, serious=False)


def _known(there: Collection[tuple[int, int]]) -> set[tuple[int, int]]:
    """Those imports that have rows, with their members."""
    numbers = [number for _, number in there]
    return {
        (user_id, one)
        for user_id, one in dialects.among("SELECT user_id, id FROM imports WHERE id", numbers)
    }


def _of_members(imports: Collection[tuple[int, int]]) -> list[int]:
    """Whose imports these are; files of members who are deleted go after their rows."""
    owners = {user_id for user_id, _ in imports}
    return sorted(one for (one,) in dialects.among("SELECT id FROM users WHERE id", owners))
