"""Verifies archives: every segment is read again, and what is wrong is told to the operators."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING

from audiospective import clock, log
from audiospective.clients.queues import INTERRUPTS
from audiospective.models import DamagedSegment, PlaySegment
from audiospective.models.marks import Mark
from audiospective.notices.kinds import operator_alert
from audiospective.operations import catalog_damage
from audiospective.services import Services

if TYPE_CHECKING:
    from audiospective.history.integrity import Examination

LOST = "years_lost"  # mark: when a closed year was last found lost; the note says which are


def members() -> list[int]:
    """Whose archive holds segments, sound or damaged."""
    query = PlaySegment.select(PlaySegment.user).distinct()
    damaged = DamagedSegment.select(DamagedSegment.user).distinct()
    return sorted({row.user_id for row in query} | {row.user_id for row in damaged})


def archives(user_ids: Sequence[int]) -> Iterator[tuple[int, Examination]]:
    """Examine one archive after the other. One that cannot be examined is a fault of its own."""
    from audiospective.history.integrity import Examination, examine

    for user_id in user_ids:
        try:
            found = examine(user_id)
        except INTERRUPTS:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, it is this one's alone
            log.trouble("not_verified", error, user=user_id)
            said = f"its years could not all be examined ({type(error).__name__})"
            found = Examination(faults=[said], unread=True)
        yield user_id, found


def catalog() -> list[str]:
    """What of the catalog cannot be read, in sentences; an alarm stands as long as that is so."""
    from audiospective.history.catalog import examine

    found = list(examine.faults())
    catalog_damage.keep(found, clock.now())
    return [one.said for one in found]


def everything(services: Services) -> int:
    """Examine every archive and let the operators know of damage; how many faults there are."""
    faults, lost, unread = 0, [], set()
    for user_id, found in archives(members()):
        faults += len(found.faults)
        lost += [(user_id, year) for year in found.lost]
        if found.unread:
            unread.add(user_id)
    report_damage(services)
    report_lost(services, lost, unread)
    return faults + len(catalog())


def report_lost(
    services: Services, lost: Sequence[tuple[int, int]], unread: Collection[int] = ()
) -> int:
    """One e-mail to each operator about all closed years whose files are gone or damaged.

    `lost` are members with their years; told again when another one is lost, or the same ones
    after they had come back. Of `unread` members nothing is known: what was lost still is. How many
    are owed now.
    """
    mark = Mark.get_or_none(Mark.name == LOST)
    known = {(user_id, year) for user_id, year in json.loads(mark.note)} if mark else set()
    found = {*lost, *(one for one in known if one[0] in unread)}
    if not found:
        Mark.drop(LOST)
        return 0
    since = mark.at if mark and found <= known else clock.now()
    Mark.put(LOST, since, json.dumps(sorted(found)))
    user_id, year = min(found)
    return operator_alert.tell(
        services,
        "segment_damaged",
        f"segment_damaged.lost-{clock.to_ms(since)}",
        {
            "since": clock.to_ms(since),
            "said": f"Files of closed years are gone from storage or damaged: {len(found)}, the"
            f" first is year {year} of account {user_id}.",
        },
    )


def report_damage(services: Services) -> int:
    """One e-mail to each operator for every segment that stands aside; how many are owed now."""
    columns = ("id", "user", "year", "reason", "found_at")
    query = DamagedSegment.select(*(getattr(DamagedSegment, name) for name in columns))
    return sum(
        operator_alert.tell(
            services,
            "segment_damaged",
            # SQLite gives the number of a row that is gone to another one.
            f"segment_damaged.{row.id}.{clock.to_ms(row.found_at)}",
            {
                "since": clock.to_ms(row.found_at),
                "said": f"Account {row.user_id}, year {row.year}: {row.reason}.",
            },
        )
        for row in query
    )
