"""What the report of a month says, and that it comes only to who asked for it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from audiospective import clock
from audiospective.models import User
from audiospective.models.notices import Notice
from audiospective.notices import compose, kind
from audiospective.notices.kinds import monthly_report
from audiospective.services import Services
from tests.factories import make_user
from tests.notices.reading import BASE, write
from tests.support.clocks import Frozen

FIGURES: dict[str, Any] = {
    "month": "October 2026",
    "plays": 1_462,
    "heard": "98 h",
    "guessed": True,
    "artists": 32,
    "new_artists": 4,
    "plays_before": 1_500,
    "month_before": "September",
    "top_artists": [("Nora <i>Feld</i>", "147 plays"), ("青木 鈴", "65 plays")],
    "top_tracks": [("Paper Lanterns (Nora Feld)", "20 plays")],
    "unknown": "4.2",
}
URL = {"report_url": f"{BASE}/reports/2026-10"}
EXAMPLES = [
    {**FIGURES, **URL},
    {**FIGURES, **URL, "plays": 1, "heard": "3 min", "guessed": False, "artists": 1,
     "new_artists": None, "plays_before": None, "top_artists": [], "top_tracks": [],
     "unknown": None},
]  # fmt: skip


def test_it_says_how_much_of_what_and_how_much_is_not_known() -> None:
    words = write("monthly_report", EXAMPLES[0])
    rtl = {**EXAMPLES[0], "top_artists": [("ليلى ناصر", "147 plays")]}
    assert "1. \u2068ليلى ناصر\u2069: 147 plays" in write("monthly_report", rtl).text
    assert words.subject == "October 2026 in music: 1,462 plays, most of Nora <i>Feld</i>"
    said = " ".join(words.text.split())
    assert "1,462 plays in about 98 h, 38 fewer than in September, of 32 artists" in said
    assert "4 of them for the first time." in said
    assert "1. Nora <i>Feld</i>: 147 plays" in words.text
    assert "4.2 % of the time is not known" in said
    assert "<i>" not in words.html
    least = " ".join(write("monthly_report", EXAMPLES[1]).text.split())
    assert "October 2026: 1 play in 3 min, of 1 artist." in least
    assert "All of the time is known." in least


@pytest.fixture
def alice(services: Services) -> User:
    return make_user("alice", email="alice@example.org", email_verified_at=clock.now())


def put(services: Services, user: User, month: str = "2026-10") -> bool:
    return monthly_report.put(services, User.get_by_id(user.id), month, FIGURES)


def test_nobody_gets_it_who_did_not_ask_and_who_did_once_a_month(
    services: Services, alice: User
) -> None:
    assert not put(services, alice)
    kind.switch(alice.id, "gap_found", on=False)
    kind.switch(alice.id, "monthly_report", on=True)
    assert [put(services, alice), put(services, alice)] == [True, False]
    assert put(services, alice, "2026-11")
    kind.switch(alice.id, "monthly_report", on=False)
    assert not put(services, alice, "2026-12")
    assert kind.switched_off(User.get_by_id(alice.id)) == {"gap_found", "monthly_report"}
    assert Notice.select().count() == 2


def test_after_the_next_month_has_ended_where_the_member_is_it_is_not_sent_any_more(
    services: Services, alice: User, frozen: Frozen
) -> None:
    User.update(timezone="America/New_York").execute()
    kind.switch(alice.id, "monthly_report", on=True)
    frozen.to(datetime(2026, 12, 31, 5, tzinfo=UTC))
    put(services, alice, "2026-11")
    frozen.to(datetime(2027, 1, 1, 4, 59, tzinfo=UTC))
    (notice,) = Notice.select()
    assert compose.envelope(services, monthly_report.KIND, notice)
    frozen.forward(minutes=1)
    assert compose.envelope(services, monthly_report.KIND, notice) is None
