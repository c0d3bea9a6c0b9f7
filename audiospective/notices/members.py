"""What e-mails to members have in common: bulk queries, names and links."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from audiospective import clock
from audiospective.models import Connection, SpotifyApp, User
from audiospective.models.notices import OBSOLETE, SENDING, SENT, WAITING, Notice
from audiospective.notices import signed_links
from audiospective.services import Services

LINK_GOOD_FOR = timedelta(days=14)
PUNCTUAL = timedelta(hours=1)
Owed = dict[tuple[int, str], list[Notice]]  # by (user, dedupe key), in the order of their steps


def connections(condition: Any) -> list[Connection]:
    """The connections that `condition` means, with their people and apps; one query."""
    query = (
        Connection.select(Connection, User, SpotifyApp)
        .join(User)
        .switch(Connection)
        .join(SpotifyApp)
        .where(condition)
        .order_by(Connection.user)
    )
    return list(query)


def owed(kind: str, people: Any) -> Owed:
    """What was owed of a kind to `people` (a query or ids) before; one query.

    Leaves out what was dropped unsent: that may be owed again.
    """
    columns = (Notice.user, Notice.dedupe_key, Notice.step, Notice.status)
    query = (
        Notice.select(*columns, Notice.created_at, Notice.sent_at)
        .where((Notice.kind == kind) & Notice.user.in_(people) & (Notice.status != OBSOLETE))
        .order_by(Notice.step)
    )
    found: Owed = defaultdict(list)
    for notice in query:
        found[notice.user_id, notice.about].append(notice)
    return found


def told_at(notices: Iterable[Notice]) -> datetime | None:
    """When the last of several steps was told; None while it waits.

    The next step counts from when this one was due, unless it had to wait for long: two of them
    must not arrive together.
    """
    last = max(notices, key=lambda notice: notice.step, default=None)
    if last is None or last.status in (*WAITING, SENDING):
        return None
    delayed = last.status == SENT and last.sent_at - last.created_at > PUNCTUAL
    found: datetime = last.sent_at if delayed else last.created_at
    return found


def facts(services: Services, user: User) -> dict[str, Any]:
    """What every e-mail to a member may say."""
    base = services.settings.base_url
    return {
        "name": user.display_name or "",
        "timezone": user.timezone,
        "dashboard_url": f"{base}/dashboard",
        "health_url": f"{base}/health",
    }


def reconnect_url(services: Services, user_id: int, good_for: timedelta = LINK_GOOD_FOR) -> str:
    """The page behind an e-mail's button; opening it does nothing."""
    token = signed_links.sign(
        services.settings, signed_links.RECONNECT, user_id, expires_at=clock.now() + good_for
    )
    return f"{services.settings.base_url}/reconnect/{token}"
