"""Looks after exports: wakes workers for forgotten ones, lets go of old ones. Loads no Polars."""

from __future__ import annotations

from audiospective import clock, log
from audiospective.clients.deadline import Deadline
from audiospective.clients.queues import INTERRUPTS
from audiospective.exports import export_requests, finished, forwarding, schedule
from audiospective.models.base import agreed_now, clock_now
from audiospective.models.exports import WAITING, WORKING, Export
from audiospective.policy.export_rules import LOST
from audiospective.services import Services


def look(services: Services) -> None:
    """One round; what fails is told and tried again with the next."""
    for part in (recover, schedule.look, forwarding.look):
        try:
            part(services)
        except INTERRUPTS:
            raise
        except Exception as error:  # noqa: BLE001 - one part must not keep the other from running
            log.trouble("exports_not_looked_after", error, part=part.__name__)


def recover(services: Services) -> int:
    """Wake workers for exports whose job or worker was lost; how many.

    Safe to repeat: a job has a fixed id, and an export is claimed once.
    """
    long_since = clock.now() - LOST
    lost = ((Export.status == WAITING) & (Export.changed_at < long_since)) | (
        (Export.status == WORKING) & (Export.lease_until <= clock_now())
    )
    rows = Export.select(Export.id).where(lost).order_by(Export.created_at, Export.id).tuples()
    ids = [export_id for (export_id,) in rows]
    for export_id in ids:
        export_requests.wake(services, export_id)
    return len(ids)


def let_go(services: Services, end: Deadline) -> None:
    """`tidy`, apart from the round: storage may take half a minute for each answer."""
    try:
        tidy(services, end)
    except INTERRUPTS:
        raise
    except Exception as error:  # noqa: BLE001 - tried again with the next round
        log.trouble("exports_not_looked_after", error, part="tidy")


def tidy(services: Services, end: Deadline | None = None) -> int:
    """Let go of what has expired, as much as there is time for until `end`; how many files."""
    return finished.tidy(services.storage, agreed_now(), end)
