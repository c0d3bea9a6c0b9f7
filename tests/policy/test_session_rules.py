"""How long a session lasts, and what a fresh one is good for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from audiospective.policy import browsers, member_names, sessions
from audiospective.policy.sessions import EMAIL, SPOTIFY, Dates

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def dates(**ago: timedelta) -> Dates:
    found = {"begun": HOUR, "proven": HOUR, "seen": HOUR} | ago
    return Dates(**{name: NOW - span for name, span in found.items()})


@pytest.mark.parametrize(
    ("found", "alive"),
    [
        (dates(), True),
        (dates(seen=30 * DAY, begun=30 * DAY), True),
        (dates(seen=30 * DAY + MINUTE, begun=31 * DAY), False),
        (dates(begun=90 * DAY), True),
        (dates(begun=90 * DAY + MINUTE), False),
    ],
)
def test_a_session_ends_by_absence_and_by_age(found: Dates, alive: bool) -> None:
    assert sessions.alive(found, NOW) is alive


@pytest.mark.parametrize(
    ("ago", "fresh"),
    [(timedelta(0), True), (15 * MINUTE, True), (16 * MINUTE, False), (-MINUTE, False)],
)
def test_a_proof_is_fresh_for_fifteen_minutes(ago: timedelta, fresh: bool) -> None:
    assert sessions.fresh(dates(proven=ago), NOW) is fresh


@pytest.mark.parametrize(
    ("has_spotify", "way", "is_fresh", "may"),
    [
        (False, EMAIL, True, True),
        (False, EMAIL, False, False),
        (False, SPOTIFY, True, False),
        (True, EMAIL, True, False),
    ],
)
def test_an_account_is_attached_right_after_a_sign_in_by_e_mail_only(
    has_spotify: bool, way: str, is_fresh: bool, may: bool
) -> None:
    assert sessions.may_attach(has_spotify=has_spotify, way=way, is_fresh=is_fresh) is may


@pytest.mark.parametrize(
    ("has_spotify", "has_address", "ways"),
    [
        (True, True, (SPOTIFY, EMAIL)),
        (True, False, (SPOTIFY,)),
        (False, True, (EMAIL,)),
        (False, False, ()),
    ],
)
def test_a_member_proves_who_they_are_by_what_the_archive_knows(
    has_spotify: bool, has_address: bool, ways: tuple[str, ...]
) -> None:
    assert sessions.ways(has_spotify=has_spotify, has_address=has_address) == ways


@pytest.mark.parametrize(
    ("agent", "device"),
    [
        ("", "Unknown browser"),
        ("curl/8.0", "Unknown browser"),
        ("<script>alert(1)</script> Windows", "Unknown browser on Windows"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
         "Firefox on Linux"),
        (("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
         "Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0"), "Edge on Windows"),
        (("Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) "
         "Chrome/140.0.0.0 Mobile Safari/537.36"), "Chrome on Android"),
        (("Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 "
         "(KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1"), "Safari on iPhone"),
        (("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 "
         "(KHTML, like Gecko) Version/18.5 Safari/605.1.15"), "Safari on Mac"),
    ],
)  # fmt: skip
def test_a_browser_is_called_what_people_call_it(agent: str, device: str) -> None:
    assert browsers.described(agent) == device


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        (None, None),
        ("", None),
        ("Ana", "Ana"),
        ("ليلى ناصر", "ليلى ناصر"),
        ("Visit evil.example now", "V…"),
        ("https://evil", "h…"),
        ("mail me@evil", "m…"),
        ("A" * 41, "A…"),
    ],
)
def test_a_name_in_an_e_mail_to_a_stranger_carries_no_message(
    name: str | None, shown: str | None
) -> None:
    assert member_names.harmless(name) == shown
