"""The round that looks after everybody: guards, letters that are due, the outbox, old rows."""

from __future__ import annotations

from collections.abc import Callable

from audiospective import log
from audiospective.clients.queues import INTERRUPTS
from audiospective.notices import notify, outbox, owing
from audiospective.operations import purge
from audiospective.services import Services


def round_of_care(services: Services, wait: Callable[[float], object] | None = None) -> None:
    """Do each part whether or not the one before succeeded; the timetable calls this."""
    parts: tuple[tuple[str, Callable[[], object]], ...] = (
        ("notify", lambda: notify.due(services)),
        ("outbox", lambda: deliver(services, wait)),
        ("purge", purge.daily),
    )
    for name, part in parts:
        try:
            part()
        except INTERRUPTS:
            raise
        except Exception as error:  # noqa: BLE001 - a broken part must not silence the others
            log.trouble("care_failed", error, part=name)


def deliver(services: Services, wait: Callable[[float], object] | None = None) -> None:
    """Empty the outbox; what one round cannot hold goes on in a further job."""
    if outbox.drain(services, wait=wait).more:
        owing.hurry(services)
