"""Verifies archives: every segment is read again, and what is wrong is told to the operators."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from audiospective import clock, log
from audiospective.models import DamagedSegment, PlaySegment
from audiospective.notices.kinds import operator_alert
from audiospective.services import Services

if TYPE_CHECKING:
    from audiospective.history.integrity import Examination


def members() -> list[int]:
    """Whose archive holds segments, sound or damaged."""
    query = PlaySegment.select(PlaySegment.user).distinct()
    damaged = DamagedSegment.select(DamagedSegment.user).distinct()
    return sorted({row.user_id for row in query} | {row.user_id for row in damaged})


def archives(user_ids: Sequence[int]) -> Iterator[tuple[int, Examination]]:
    """Examine one archive after the other."""
    from audiospective.history.integrity import examine

    for user_id in user_ids:
        yield user_id, examine(user_id)


def catalog() -> list[str]:
    """What of the catalog cannot be read, in sentences."""
    from audiospective.history.catalog import examine

    return list(examine.faults())


def everything(services: Services) -> int:
    """Examine every archive and let the operators know of damage; how many faults there are."""
    faults, lost = 0, []
    for user_id, found in archives(members()):
        faults += len(found.faults)
        lost += [(user_id, year) for year in found.lost]
    for fault in catalog():
        log.event("catalog_damaged", log.ERROR, fault=fault)
        faults += 1
    report_damage(services)
    report_lost(services, lost)
    return faults


def report_lost(services: Services, lost: Sequence[tuple[int, int]]) -> int:
    """One e-mail to each operator about all closed years whose files are gone or damaged.

    `lost` are members with their years; told again when they are others. How many are owed now.
    """
    if not lost:
        return 0
    digest = hashlib.sha256(repr(sorted(lost)).encode()).hexdigest()[:12]
    user_id, year = min(lost)
    return operator_alert.tell(
        services,
        "segment_damaged",
        f"segment_damaged.lost-{digest}",
        {
            "since": clock.to_ms(clock.now()),
            "said": f"Files of closed years are gone from storage or damaged: {len(lost)}, the"
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
            f"segment_damaged.{row.id}",
            {
                "since": clock.to_ms(row.found_at),
                "said": f"Account {row.user_id}, year {row.year}: {row.reason}.",
            },
        )
        for row in query
    )
