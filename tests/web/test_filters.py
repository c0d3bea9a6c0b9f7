"""Words for values."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest

from audiospective.web import filters
from audiospective.web.local_redirect import local_path
from tests.factories import make_user
from tests.support.clocks import Frozen
from tests.web.conftest import Site

EVENING = datetime(2026, 3, 28, 23, 30, 59, tzinfo=UTC)  # the night Europe's clocks go forward


@pytest.mark.parametrize(
    ("distance", "words"),
    [
        (timedelta(0), "just now"),
        (timedelta(seconds=59), "just now"),
        (timedelta(seconds=60), "1 minute ago"),
        (timedelta(minutes=59, seconds=59), "59 minutes ago"),
        (timedelta(hours=1), "1 hour ago"),
        (timedelta(hours=23, minutes=59), "23 hours ago"),
        (timedelta(days=1), "1 day ago"),
        (timedelta(days=400), "400 days ago"),
        (timedelta(seconds=-1), "in a moment"),
        (timedelta(minutes=-1), "in 1 minute"),
        (timedelta(hours=-5), "in 5 hours"),
    ],
)
def test_distances_are_told_in_their_largest_unit(
    frozen: Frozen, distance: timedelta, words: str
) -> None:
    assert filters.ago(frozen.now - distance) == words


@pytest.mark.parametrize(
    ("zone", "style", "words"),
    [
        ("UTC", "long", "28 Mar 2026, 23:30 UTC"),
        ("UTC", "time", "23:30"),
        ("Europe/Berlin", "long", "29 Mar 2026, 00:30"),
        ("Europe/Berlin", "day", "Sunday, 29 March 2026"),
        ("America/Los_Angeles", "date", "28 Mar 2026"),
        ("Asia/Kathmandu", "time", "05:15"),
        ("Nowhere/Land", "long", "28 Mar 2026, 23:30 UTC"),
        ("../../etc/passwd", "long", "28 Mar 2026, 23:30 UTC"),
    ],
)
def test_instants_are_written_in_the_readers_zone(
    site: Site, zone: str, style: str, words: str
) -> None:
    member = site.member(make_user(timezone=zone))
    with member:
        member.get("/dashboard")
        assert filters.local(EVENING, style) == words
        assert filters.iso(EVENING) == "2026-03-28T23:30:59Z"


def test_a_number_has_a_comma_for_each_thousand() -> None:
    assert filters.number(1204) == "1,204"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://i.scdn.co/image/ab67", True),
        ("http://i.scdn.co/image/ab67", False),
        ("https://i.scdn.co.evil.example/x", False),
        ("https://i.scdn.co@evil.example/x", False),
        ("//i.scdn.co/x", False),
        ("javascript:alert(1)", False),
        ("https://evil.example/x", False),
    ],
)
def test_pictures_come_from_spotify_or_not_at_all(site: Site, url: str, shown: bool) -> None:
    with site.app.app_context():
        assert filters.is_cover_url(url) is shown


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ("/history?q=a%20b&before=1", "/history?q=a%20b&before=1"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("\\\\evil.example", "/"),
        ("/a\\b", "/"),
        ("/%5cevil.example", "/"),
        ("https://evil.example", "/"),
        ("javascript:alert(1)", "/"),
        ("/\t/evil.example", "/"),
        ("/\n/evil.example", "/"),
        ("history", "/"),
        ("", "/"),
        (None, "/"),
        ("/" + "a" * 500, "/"),
        ("/café", "/"),
    ],
)
def test_only_paths_of_this_site_are_followed(given: str | None, path: str) -> None:
    assert local_path(given, "/") == path


@pytest.mark.parametrize(
    ("figure", "units"),
    [
        ("34 h 19 min", [" h", " min"]),
        ("99.8\u00a0%", ["\u00a0%"]),
        ("1,204", []),
        ("5 minks", []),
        ("<b>1 h</b>", []),
    ],
)
def test_units_of_a_figure_are_marked(figure: str, units: list[str]) -> None:
    marked = filters.small_units(figure)
    assert re.findall('<span class="unit">(.*?)</span>', marked) == units
    assert "<b>" not in marked
