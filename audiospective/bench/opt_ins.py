"""What works by itself only for members who want it: a monthly export, joining, sending on.

Its jobs are counted and not done, so every round needs them anew.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from audiospective import clock
from audiospective.exports import schedule
from audiospective.jobs import context
from audiospective.models import Import
from audiospective.models.export_schedules import ExportSchedule
from audiospective.models.exports import READY, Export
from audiospective.models.forwards import Forward
from audiospective.models.imports import DONE
from audiospective.policy import export_schedule


def by_all(members: int, day: datetime) -> None:
    """As if all of them had turned it on before `day`."""
    for number in range(members):
        begun = day - timedelta(days=1 + number % 31) + timedelta(minutes=number % 1440)
        ExportSchedule.create(user=number + 1, created_at=begun,
                              next_at=export_schedule.following(begun, day))  # fmt: skip
    # One job serves all members, so the rows of one stand for everybody's.
    Forward.create(user=1, root="https://bench.example", token_encrypted="", since=day, next_at=day)
    Import.create(user=1, status=DONE, live=True, created_at=day, changed_at=day, polls_seen=-1)


def _made(export_id: int) -> None:
    """An export is ready."""
    Export.update(status=READY).where(Export.id == export_id).execute()
    schedule.wake(context.services(), Export.get_by_id(export_id).user_id)


def _delivered(user_id: int) -> None:
    ExportSchedule.update(export=None).where(ExportSchedule.user == user_id).execute()


def _sent_on() -> None:
    """Nobody's plays are overdue; with the next round there are new ones."""
    Forward.update(next_at=clock.now()).execute()


# No other job is there only if members want it.
TASKS: dict[str, Callable[..., None]] = {
    "make_export": _made,
    "deliver_export": _delivered,
    "join_listens": _sent_on,  # that job sends on afterwards
    "forward_plays": _sent_on,
}
