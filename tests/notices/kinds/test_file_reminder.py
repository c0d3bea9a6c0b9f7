"""Who is reminded of Spotify's file, when, and when no longer."""

from __future__ import annotations

from typing import Any

import pytest

from audiospective import clock
from audiospective.models import User
from audiospective.models.imports import DONE, UNDONE, Import
from audiospective.models.notices import Notice
from audiospective.notices import compose, kind, members, owing
from audiospective.notices.kinds import file_reminder
from audiospective.services import Services
from tests.factories import make_user
from tests.notices.reading import BASE, ms, write
from tests.support.clocks import Frozen

EXAMPLES = [{"asked_at": ms(22), "import_url": f"{BASE}/imports"}]


@pytest.fixture
def alice(services: Services) -> User:
    return make_user("alice", email="alice@example.org", email_verified_at=clock.now())


def reminded(services: Services) -> int:
    return owing.owe(services)["file_reminder"]


def brings(user: User, status: str = DONE, *, live: bool = False) -> None:
    now = clock.now()
    Import.create(user=user, status=status, created_at=now, changed_at=now, live=live)


def test_the_words_say_when_it_was_asked_for() -> None:
    words = write("file_reminder", EXAMPLES[0])
    assert "On 22\xa0November 2026 you asked us" in words.html


@pytest.mark.parametrize("days", file_reminder.DAYS)
def test_it_comes_once_after_the_days_that_were_chosen(
    services: Services, alice: User, frozen: Frozen, days: int
) -> None:
    make_user("bob", email="bob@example.org", email_verified_at=clock.now())
    file_reminder.ask(alice.id, days)
    frozen.forward(days=days, minutes=-1)
    assert reminded(services) == 0
    frozen.forward(minutes=1)
    assert reminded(services) == 1
    for _ in range(3):
        frozen.forward(days=9)
        assert reminded(services) == 0
    assert [one.recipient for one in Notice.select()] == ["alice@example.org"]


def test_it_can_be_asked_for_again_and_taken_back(
    services: Services, alice: User, frozen: Frozen
) -> None:
    file_reminder.ask(alice.id, 10)
    frozen.forward(days=3)
    file_reminder.ask(alice.id, 10)  # counts from now on
    frozen.forward(days=9)
    assert reminded(services) == 0
    file_reminder.ask(alice.id, 0)
    frozen.forward(days=2)
    assert reminded(services) == 0
    assert file_reminder.asked(User.get_by_id(alice.id)) is None


def test_whoever_imported_files_meanwhile_is_not_reminded(
    services: Services, alice: User, frozen: Frozen
) -> None:
    brings(alice)  # of the past, and other files
    frozen.forward(minutes=1)
    file_reminder.ask(alice.id, 10)
    frozen.forward(days=1)
    brings(alice, UNDONE)
    brings(alice, live=True)  # what a player sent is no file
    frozen.forward(days=9)
    assert reminded(services) == 1
    (notice,) = Notice.select()
    assert file_reminder.still_true(notice, {})
    brings(alice)
    assert not file_reminder.still_true(notice, {})
    file_reminder.ask(alice.id, 30)
    frozen.forward(days=1)
    brings(alice)
    frozen.forward(days=29)
    assert reminded(services) == 0


def test_it_waits_for_an_address_that_is_proven_and_not_for_ever(
    services: Services, alice: User, frozen: Frozen
) -> None:
    User.update(email_verified_at=None).execute()
    file_reminder.ask(alice.id, 10)
    frozen.forward(days=12)
    assert reminded(services) == 0
    User.update(email_verified_at=clock.now()).execute()
    frozen.forward(minutes=20)
    assert reminded(services) == 1
    User.update(email_verified_at=None).execute()
    file_reminder.ask(alice.id, 10)
    frozen.forward(days=41)
    User.update(email_verified_at=clock.now()).execute()
    assert reminded(services) == 0


def test_one_that_waited_for_too_long_is_not_sent_any_more(
    services: Services, alice: User, frozen: Frozen
) -> None:
    file_reminder.ask(alice.id, 10)
    frozen.forward(days=10)
    assert reminded(services) == 1
    (notice,) = Notice.select()
    frozen.forward(days=29)
    assert compose.envelope(services, file_reminder.KIND, notice)
    frozen.forward(days=1)
    assert compose.envelope(services, file_reminder.KIND, notice) is None


def test_wishes_are_gone_through_in_portions_and_forgotten_once_they_are_over(
    services: Services, alice: User, frozen: Frozen, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []
    owed = members.owed

    def noted(name: str, people: Any) -> members.Owed:
        if name == "file_reminder":
            sizes.append(len(people))
        return owed(name, people)

    monkeypatch.setattr(members, "owed", noted)
    monkeypatch.setattr(file_reminder, "AT_A_TIME", 2)
    people = [alice.id]
    for name in ("bob", "charlie", "dora", "emil"):
        values = {"email": f"{name}@example.org", "email_verified_at": clock.now()}
        people.append(make_user(name, preferences='{"zone_chosen": true}', **values).id)
    for one in people:
        file_reminder.ask(one, 10)
    frozen.forward(days=10)
    assert [reminded(services) for _ in range(2)] == [5, 0]
    assert sizes == [2, 2, 1] * 2
    file_reminder.ask(alice.id, 10)
    frozen.forward(days=30, minutes=-1)
    assert file_reminder.forget(clock.now()) == 0
    frozen.forward(minutes=1)
    assert [file_reminder.forget(clock.now()) for _ in range(2)] == [4, 0]
    assert file_reminder.asked(User.get_by_id(alice.id))
    assert User.get_by_id(people[1]).wishes.get("zone_chosen") is True
    assert "file_reminder" not in User.get_by_id(people[1]).wishes


def test_who_switched_reminders_off_and_asks_for_one_gets_it(
    services: Services, alice: User, frozen: Frozen
) -> None:
    kind.switch(alice.id, "file_reminder", on=False)
    file_reminder.ask(alice.id, 10)
    frozen.forward(days=10)
    assert reminded(services) == 1


@pytest.mark.parametrize(
    "wish",
    [
        "[1]",
        '"soon"',
        "[1, 11]",
        '["1", 10]',
        "[1e400, 10]",
        "[9999999999999999, 10]",
        "[253402300799000, 30]",  # the last second that there is, and days after it
        "[253400000000000, 10]",  # its end would be beyond
    ],
)
def test_a_wish_that_cannot_be_read_is_none(services: Services, alice: User, wish: str) -> None:
    User.update(preferences=f'{{"file_reminder": {wish}}}').execute()
    assert file_reminder.asked(User.get_by_id(alice.id)) is None
    assert reminded(services) == 0
