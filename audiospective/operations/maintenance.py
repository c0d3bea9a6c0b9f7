"""The round of maintenance: guards, outages, e-mails that are due, old rows, the outbox."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from audiospective import clock, log
from audiospective.clients.queues import INTERRUPTS
from audiospective.incidents import mass_failure, outage
from audiospective.models.counters import Counter
from audiospective.notices import clock_set_back, delivery, outbox, owing
from audiospective.notices.kinds import archive_stopped
from audiospective.operations import clock_set_back as work_set_back
from audiospective.operations import monthly_report, purge
from audiospective.polling import clock_set_back as polls_set_back
from audiospective.services import Services

SECONDS = 40.0  # for what comes before the e-mails; after that they get a job of their own


def maintain(services: Services, wait: Callable[[float], object] | None = None) -> None:
    """Do each part whether or not the one before succeeded; the timetable calls this.

    The outbox comes last: nothing else waits for the mail provider.
    """
    began = clock.monotonic()
    longest_poll = timedelta(minutes=services.settings.poll_max_minutes)
    parts: tuple[tuple[str, Callable[[], object]], ...] = (
        ("clock", clock_set_back.bring_emails_back),
        ("polls", lambda: polls_set_back.bring_back(services)),
        ("work", work_set_back.bring_back),
        ("guards", lambda: mass_failure.review(longest_poll)),
        ("outages", lambda: outage.review(longest_poll)),
        ("feeds", outage.review_feeds),
        ("apps", outage.review_apps),
        ("notices", lambda: owing.owe(services)),
        ("reports", lambda: monthly_report.owe(services)),
        ("deactivate", archive_stopped.stop_polling),
        ("counters", lambda: Counter.roll_up(clock.now())),
        ("purge", purge.daily),
        ("emails", lambda: _emails(services, began, wait)),
    )
    for name, part in parts:
        try:
            part()
        except INTERRUPTS:
            raise
        except Exception as error:  # noqa: BLE001 - a broken part must not silence the others
            log.trouble("maintenance_failed", error, part=name)


def _emails(
    services: Services, began: float, wait: Callable[[float], object] | None = None
) -> None:
    """Send here if that still fits into this job, else in one of its own."""
    if clock.monotonic() - began <= SECONDS or not outbox.hurry(services):
        deliver(services, wait)


def deliver(services: Services, wait: Callable[[float], object] | None = None) -> None:
    """Empty the outbox; what one round cannot hold goes on in a further job."""
    if delivery.drain(services, wait=wait).more:
        outbox.hurry(services)
