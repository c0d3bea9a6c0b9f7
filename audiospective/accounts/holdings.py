"""What a member has here, which goes with the account."""

from __future__ import annotations

from dataclasses import dataclass

from audiospective.history import total
from audiospective.models import Connection, Import, User
from audiospective.models.connections import DISCONNECTED
from audiospective.models.exports import Export
from audiospective.models.gaps import Gap


@dataclass(frozen=True)
class Holdings:
    """What goes with an account; `exports` are files that are ready."""

    plays: int
    gaps: int
    imports: int
    exports: int
    connected: bool
    email: str | None
    founding_number: int | None


def of(user: User) -> Holdings:
    """What would be deleted now."""
    connection = Connection.get_or_none(Connection.user == user.id)
    return Holdings(
        plays=total(user.id),
        gaps=Gap.select().where(Gap.user == user.id).count(),
        imports=Import.select().where((Import.user == user.id) & ~Import.live).count(),
        exports=Export.to_fetch(user.id),
        connected=connection is not None and connection.status != DISCONNECTED,
        email=user.email,
        founding_number=user.founding_number,
    )
