"""What whoever added an import reads, and who is not written to."""

from __future__ import annotations

import pytest

from audiospective import clock
from audiospective.models import User
from audiospective.models.notices import Notice
from audiospective.notices import kind
from audiospective.notices.kinds import import_done
from audiospective.services import Services
from tests.factories import make_user
from tests.imports.importing import done, month, spotify_file, undone, without_processes
from tests.notices.reading import BASE, write

EXAMPLES = [
    {
        "import": 7,
        "rows": 49_587,
        "added": 29_310,
        "matched": 9_012,
        "left_out": 11_249,
        "rejected": 16,
        "gaps_closed": 3,
        "import_url": f"{BASE}/imports/7",
    },
    {
        "import": 8,
        "rows": 1,
        "added": 1,
        "matched": 0,
        "left_out": 0,
        "rejected": 0,
        "gaps_closed": 0,
        "import_url": f"{BASE}/imports/8",
    },
]


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    without_processes(monkeypatch)


def test_it_says_where_every_row_went() -> None:
    words = write("import_done", EXAMPLES[0])
    assert words.subject == "Your import is done: 29,310 plays added"
    assert "3 gaps closed" in words.text
    assert "gap" not in write("import_done", EXAMPLES[1]).text


def alice(**values: object) -> User:
    proven = {"email": "alice@example.org", "email_verified_at": clock.now()}
    user: User = make_user("alice")
    User.update(**(proven | values)).where(User.id == user.id).execute()
    return User.get_by_id(user.id)  # type: ignore[no-any-return]


def test_one_email_for_an_import_and_none_once_it_was_taken_back(services: Services) -> None:
    row = done(services, alice(), spotify_file(*month()))
    (notice,) = Notice.select()
    assert notice.kind == "import_done"
    assert import_done.still_true(notice, {"import": row.id})
    undone(services, row)
    assert not import_done.still_true(notice, {"import": row.id})
    assert Notice.select().count() == 1


def test_an_address_that_nobody_proved_gets_none(services: Services) -> None:
    done(services, alice(email_verified_at=None), spotify_file(*month()))
    assert not Notice.select().exists()


def test_who_switched_it_off_is_left_alone(services: Services) -> None:
    user = alice()
    kind.switch(user.id, "import_done", on=False)
    done(services, user, spotify_file(*month()))
    assert not Notice.select().exists()
