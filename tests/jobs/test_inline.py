"""The timetable without a queue: what its rounds find is done in the same tick."""

from __future__ import annotations

from datetime import timedelta

from audiospective import clock
from audiospective.jobs import inline
from audiospective.jobs.periodic import timetable
from audiospective.models import User
from audiospective.models.deletions import Deletion
from audiospective.services import Services
from tests.factories import make_user
from tests.support.clocks import Frozen


def test_a_deletion_that_is_due_is_carried_out(services: Services, frozen: Frozen) -> None:
    alice = make_user("alice")
    now = clock.now()
    Deletion.create(user=alice.id, asked_at=now - timedelta(days=7), due_at=now)
    maintenance = [one for one in timetable(services.settings) if one.name == "maintenance"]
    assert inline.run(services, maintenance) == []
    assert User.get_or_none(User.id == alice.id) is None
