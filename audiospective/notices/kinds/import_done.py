"""An import is done, for whoever said yes and went to do something else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from audiospective.models import User
from audiospective.models.imports import DONE, Import
from audiospective.models.notices import Notice
from audiospective.notices import kind, members, outbox
from audiospective.notices.kind import Audience, Draft, Kind
from audiospective.services import Services


def put(services: Services, import_id: int, gaps_closed: int = 0) -> bool:
    """Owe it for an import that is done, in the transaction that made it so; True if so."""
    row = Import.get_by_id(import_id)
    user = User.get_by_id(row.user_id)
    recipient = kind.address(user, KIND.name)
    if recipient is None:
        return False
    draft = Draft(
        recipient=recipient,
        dedupe_key=str(row.id),
        user_id=user.id,
        data=members.facts(services, user)
        | {
            "import": row.id,
            "rows": row.rows,
            "added": row.added,
            "matched": row.matched,
            "left_out": row.skipped,
            "rejected": row.rejected,
            "gaps_closed": gaps_closed,
            "import_url": f"{services.settings.base_url}/imports/{row.id}",
        },
    )
    return outbox.put(services, KIND, draft)


def still_true(notice: Notice, data: Mapping[str, Any]) -> bool:
    """Whether it has not been taken back meanwhile."""
    return bool(
        Import.select()
        .where(
            (Import.id == data.get("import"))
            & (Import.user == notice.owner)
            & (Import.status == DONE)
        )
        .exists()
    )


KIND = Kind(
    name="import_done",
    audience=Audience.MEMBER,
    security=False,
    awaited=False,
    opt_out="e-mails saying that an import is done",
    warning=False,
    choice=None,
    due=None,
    still_true=still_true,
)
