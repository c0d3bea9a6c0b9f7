"""Spotify's file should have come by now, for whoever asked to be reminded of it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from peewee import chunked, fn

from audiospective import clock
from audiospective.models import Import, User
from audiospective.models.imports import DONE
from audiospective.models.notices import Notice
from audiospective.notices import kind, members
from audiospective.notices.kind import Audience, Candidate, Draft, Kind
from audiospective.services import Services

DAYS = (10, 30)  # what can be chosen; Spotify names 30 as the longest that its file takes
LATEST = timedelta(days=30)  # an address that is proven later still gets it so long
AT_A_TIME = 1_000  # databases take only so many values in one query
WISH = "file_reminder"  # in users.preferences: when it was asked for (milliseconds), and days


@dataclass(frozen=True)
class Asked:
    """What a member asked for: when, when it comes, and from when on it does not."""

    at: datetime
    due_at: datetime
    over_at: datetime


def ask(user_id: int, days: int) -> None:
    """Remind this member in so many days, which are one of DAYS; 0 takes the wish back."""
    wanted = [clock.to_ms(clock.now()), days] if days in DAYS else None
    User.wish(user_id, **{WISH: wanted})
    if wanted:
        kind.switch(user_id, KIND.name, on=True)


def asked(user: User) -> Asked | None:
    """What this member asked for, whether or not it is over; no query."""
    match user.wishes.get(WISH):
        case [int(at), int(days)] if days in DAYS:
            try:
                begun = clock.from_ms(at)
                due_at = begun + timedelta(days=days)
                return Asked(begun, due_at, due_at + LATEST)
            except OverflowError:  # no instant, whoever wrote it
                return None
    return None


def due(services: Services) -> Iterator[Candidate]:
    """Whoever waits for it, has not been reminded and has imported nothing since they asked."""
    now = clock.now()
    waiting = [(user, wish) for user, wish in _wishes() if wish.due_at <= now < wish.over_at]
    for some in chunked(waiting, AT_A_TIME):
        ids = [user.id for user, _ in some]
        known, brought = members.owed(KIND.name, ids), _last_imports(ids)
        for user, wish in some:
            if (user.id, _key(wish)) not in known and brought.get(user.id, wish.at) <= wish.at:
                yield Candidate(user.id, partial(_draft, services, user, wish))


def forget(now: datetime) -> int:
    """Take the wishes back whose time is over; returns how many."""
    gone = 0
    for user, wish in _wishes():
        if wish.over_at <= now:
            rest = {name: value for name, value in user.wishes.items() if name != WISH}
            same = (User.id == user.id) & (User.preferences == user.preferences)  # not asked anew
            gone += int(User.update(preferences=json.dumps(rest)).where(same).execute())
    return gone


def _wishes() -> list[tuple[User, Asked]]:
    """All members who asked for it, with what they asked for; one query."""
    asking = User.select().where(User.preferences.contains(f'"{WISH}": ['))
    return [(user, wish) for user in asking if (wish := asked(user))]


def _last_imports(ids: list[int]) -> dict[int, datetime]:
    """When each of these members last began an import of files that was added."""
    query = (
        Import.select(Import.user_id, fn.MAX(Import.created_at).alias("last"))
        .where(Import.user.in_(ids) & (Import.status == DONE) & ~Import.live)
        .group_by(Import.user_id)
    )
    return {row.user_id: row.last for row in query}


def _draft(services: Services, user: User, wish: Asked) -> Draft | None:
    recipient = kind.address(user, KIND.name)
    if recipient is None:
        return None
    return Draft(
        recipient=recipient,
        dedupe_key=_key(wish),
        user_id=user.id,
        data=members.facts(services, user)
        | {
            "asked_at": clock.to_ms(wish.at),
            "import_url": f"{services.settings.base_url}/imports",
            "expires_at": clock.to_ms(wish.over_at),
        },
    )


def still_true(notice: Notice, _data: Mapping[str, Any]) -> bool:
    """Whether it is the same wish, and nothing was imported since."""
    user = User.get_or_none(User.id == notice.owner)
    wish = asked(user) if user else None
    if wish is None or _key(wish) != notice.about:
        return False
    return _last_imports([user.id]).get(user.id, wish.at) <= wish.at


def _key(wish: Asked) -> str:
    return str(clock.to_ms(wish.at))


KIND = Kind(
    name="file_reminder",
    audience=Audience.MEMBER,
    security=False,
    awaited=False,
    opt_out="the reminder of Spotify’s file that you ask for",
    warning=False,
    choice=None,
    due=due,
    still_true=still_true,
)
