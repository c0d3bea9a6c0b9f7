"""The round of maintenance comes to its end, whatever storage does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from rq.timeouts import JobTimeoutException

from audiospective import clock
from audiospective.clients.queues import UPKEEP
from audiospective.clients.storage import AwayError
from audiospective.jobs import context, periodic, tasks
from audiospective.models import Import
from audiospective.models.deletions import Deletion
from audiospective.models.exports import READY, Export
from audiospective.models.imports import DONE
from audiospective.services import Services
from tests.factories import make_user
from tests.support.clocks import Frozen

DAY = timedelta(days=1)
A_CALL = 30.0  # seconds after which S3Storage gives a call up


class Hanging:
    """Storage that takes connections and says nothing; the job ends when its time is over."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, most: float) -> None:
        self.spent, self.most = 0.0, most
        began = clock.monotonic()
        monkeypatch.setattr(clock, "monotonic", lambda: began + self.spent)

    def __getattr__(self, name: str) -> Any:
        def call(*_: Any) -> Any:
            self.spent += A_CALL
            if self.spent >= self.most:
                raise JobTimeoutException("the job took too long")
            raise AwayError("storage did not answer")

        return call

    def list(self, prefix: str) -> Iterator[Any]:
        yield from self.__getattr__("list")(prefix)


def test_storage_that_does_not_answer_keeps_a_due_deletion_from_nothing(
    services: Services, frozen: Frozen, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = clock.now()
    for number in range(5):
        user = make_user(f"member-{number}")
        made = {"user": user, "created_at": now - DAY, "changed_at": now - DAY}
        Export.create(
            form="csv", status=READY, key=f"exports/{user.id}/1-a", expires_at=now, **made
        )
        Import.create(status=DONE, **made)
    Deletion.create(user=user.id, asked_at=now - 7 * DAY, due_at=now)
    maintenance = next(
        one for one in periodic.timetable(services.settings) if one.name == "maintenance"
    )
    away = Hanging(monkeypatch, maintenance.timeout)
    with context.use(replace(services, storage=away)):  # type: ignore[arg-type]
        tasks.maintain()
    assert "delete-accounts" in services.queues.queue(UPKEEP).job_ids
    assert away.spent == A_CALL


def test_storage_that_is_slow_lets_go_of_a_little_with_each_round(
    services: Services, frozen: Frozen, monkeypatch: pytest.MonkeyPatch
) -> None:
    user, now = make_user("alice"), clock.now()
    made = {"user": user, "created_at": now - DAY, "changed_at": now - DAY, "form": "csv"}
    for number in range(8):
        key = f"exports/{user.id}/{number}-a"
        services.storage.put(key, b"a file")
        Export.create(status=READY, key=key, expires_at=now, **made)
    seconds = [clock.monotonic()]
    monkeypatch.setattr(clock, "monotonic", lambda: seconds[0])

    class Slow:
        def __getattr__(self, name: str) -> Any:
            return getattr(services.storage, name)

        def delete(self, key: str) -> None:
            seconds[0] += 2
            services.storage.delete(key)

    left = []
    with context.use(replace(services, storage=Slow())):  # type: ignore[arg-type]
        for _ in range(3):
            tasks.maintain()
            left.append(Export.select().where(Export.status == READY).count())
    assert left == [5, 2, 0]
