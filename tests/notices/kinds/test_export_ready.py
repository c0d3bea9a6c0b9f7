"""What whoever waited for an export reads, and who is not written to."""

from __future__ import annotations

from typing import Any

import pytest

from audiospective import clock
from audiospective.clients.deadline import Deadline
from audiospective.exports import export_job, export_requests
from audiospective.models import User
from audiospective.models.exports import READY, Export
from audiospective.models.notices import Notice
from audiospective.notices import kind
from audiospective.notices.kinds import export_ready
from audiospective.services import Services
from tests.exports.making import archive, hard_plays
from tests.notices.reading import BASE, ms, write

EXAMPLES = [
    {
        "export": 7,
        "file": "plays.csv",
        "plays": 41_873,
        "exports_url": f"{BASE}/exports",
        "until": ms(29),
        "expires_at": ms(29),
    }
]


def test_it_says_what_is_ready_and_until_when() -> None:
    words = write("export_ready", EXAMPLES[0])
    assert "41,873 plays" in words.text
    assert "29\u00a0November 2026" in words.text
    assert "/file" not in words.text + words.html  # the file itself needs a sign-in


@pytest.fixture
def alice(services: Services) -> User:
    user_id = archive(*hard_plays())
    address = {"email": "alice@example.org", "email_verified_at": clock.now()}
    User.update(**address).where(User.id == user_id).execute()
    return User.get_by_id(user_id)


@pytest.mark.parametrize(("seconds", "owed"), [(30, 0), (61, 1)])
def test_only_who_waited_for_more_than_a_minute_is_written_to(
    services: Services, alice: User, frozen: Any, seconds: int, owed: int
) -> None:
    export, _ = export_requests.ask(services, alice, "csv", compatible=False)
    frozen.forward(seconds=seconds)
    export_job.work(services, export.id, Deadline(60))
    assert Export.get_by_id(export.id).status == READY
    assert Notice.select().where(Notice.kind == "export_ready").count() == owed


def test_nobody_is_told_of_a_file_that_is_gone(
    services: Services, alice: User, frozen: Any
) -> None:
    export, _ = export_requests.ask(services, alice, "csv", compatible=False)
    frozen.forward(seconds=120)
    export_job.work(services, export.id, Deadline(60))
    (notice,) = Notice.select()
    assert export_ready.still_true(notice, {"export": export.id})
    export_requests.throw_away(services, alice.id, export.id)
    assert not export_ready.still_true(notice, {"export": export.id})


def test_who_switched_it_off_is_left_alone(services: Services, alice: User, frozen: Any) -> None:
    kind.switch(alice.id, "export_ready", on=False)
    export, _ = export_requests.ask(services, alice, "csv", compatible=False)
    frozen.forward(seconds=120)
    export_job.work(services, export.id, Deadline(60))
    assert not Notice.select().exists()
