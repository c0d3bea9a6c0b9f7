"""Plays are saved again, for whoever was told that they were not."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from audiospective import clock
from audiospective.incidents import incident
from audiospective.models import Connection, User
from audiospective.models.base import Prepared, given
from audiospective.models.connections import ACTIVE
from audiospective.models.notices import TOLD, Notice
from audiospective.notices import kind, members, outbox
from audiospective.notices.kind import Audience, Choice, Draft, Kind
from audiospective.policy import escalation
from audiospective.policy.gaps import Found
from audiospective.services import Services

TROUBLES = ("archive_stopped", "no_success")


def _spoke_of_it(_now: Any) -> Any:
    about = Notice.user == given("user"), Notice.created_at >= given("since")
    spoke = Notice.select(Notice.id).where(*about, Notice.kind.in_(TROUBLES))
    return spoke.where(Notice.status.in_(TOLD)).limit(1)


_SPOKE_OF_IT = Prepared(Notice, _spoke_of_it)


def may_be_due(before: Connection, now: datetime) -> bool:
    """Whether an e-mail about trouble can have gone out before this success; no query.

    `before` is the connection as it stood before the poll that succeeded: another poll came in
    between that did not, or a new consent, or a day.
    """
    success = before.last_success_at
    renewed = success is not None and before.authorized_at > success
    return (
        renewed
        or (before.last_polled_at is not None and before.last_polled_at != success)
        or escalation.gone_quiet(incident.last_known(before), now)
    )


def put(services: Services, before: Connection, added: int, gap: Found | None) -> bool:
    """Owe it if an e-mail about the trouble went out; True if so.

    The caller holds the transaction of the poll that succeeded.
    """
    since = incident.last_known(before)
    if not list(_SPOKE_OF_IT.run(user=before.user_id, since=since)):
        return False
    user = User.get_by_id(before.user_id)
    recipient = kind.address(user, KIND.name)
    if recipient is None:
        return False
    data = members.facts(services, user) | {
        "since": clock.to_ms(since),
        "back_at": clock.to_ms(clock.now()),
        "added": added,
        "never": before.last_success_at is None,
        "gap_start": clock.to_ms(gap.begins) if gap else None,
        "gap_end": clock.to_ms(gap.end) if gap else None,
    }
    draft = Draft(
        recipient=recipient,
        dedupe_key=str(clock.to_ms(since)),
        user_id=user.id,
        data=data,
    )
    return outbox.put(services, KIND, draft)


def still_true(notice: Notice, _data: Mapping[str, Any]) -> bool:
    """Whether polls go on: not after a new failure, a pause or a disconnection."""
    connection = Connection.get_or_none(Connection.user == notice.owner)
    return (
        connection is not None
        and connection.status == ACTIVE
        and not incident.is_broken(connection)
    )


KIND = Kind(
    name="back_on",
    audience=Audience.MEMBER,
    security=False,
    awaited=False,
    opt_out="e-mails saying that your archive is back on",
    warning=False,
    choice=Choice.STOPPED,
    due=None,
    still_true=still_true,
)
