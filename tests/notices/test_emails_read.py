"""Every letter, both parts, as it is read."""

from __future__ import annotations

from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import pytest
from jinja2 import UndefinedError

from audiospective import clock
from audiospective.notices import render
from audiospective.policy.letters import KINDS

BASE = "https://archive.example"


def ms(day, hour=13):
    return clock.to_ms(datetime(2026, 11, day, hour, 5, tzinfo=UTC))


COMMON = {
    "base_url": BASE,
    "unsubscribe_url": f"{BASE}/u/token",
    "name": "Mara <b>",
    "timezone": "Europe/Berlin",
    "dashboard_url": f"{BASE}/dashboard",
}
STOPPED = {"stopped_at": ms(3), "reconnect_url": f"{BASE}/reconnect/token"}
BACK = {"since": ms(3), "back_at": ms(9), "added": 50, "health_url": f"{BASE}/health"}
ENDS = {"ends_at": ms(22), "renew_url": f"{BASE}/reconnect/token"}
ALERT = {"facts": {"app": 1, "since": ms(3), "user": 7}}
LETTERS = [
    *(
        ("archive_stopped", {**STOPPED, "reason": reason, "rung": rung, "last": rung == 2})
        for reason in (
            "revoked",
            "expired",
            "not_allowed",
            "not_allowed_own",
            "withheld",
            "withheld_own",
        )
        for rung in (0, 1, 2)
    ),
    ("back_on", {**BACK, "hole_start": ms(3), "hole_end": ms(8)}),
    ("back_on", {**BACK, "hole_start": None, "hole_end": None, "added": 1}),
    *(
        ("no_success", {"since": ms(3), "failure": failure})
        for failure in ("", "network", "silent", "unknown", "app", "quota")
    ),
    ("renewal", {**ENDS, "days": 30, "last": False}),
    ("renewal", {**ENDS, "days": 1, "last": True}),
    ("gap_found", {"start": ms(3), "end": ms(4), "health_url": f"{BASE}/health"}),
    ("verify_address", {"token": "token", "expires_at": ms(5), "unsubscribe_url": None}),
    *(
        ("operator_alert", {**ALERT, "topic": topic})
        for topic in ("guard", "app_refused", "frozen", "not_allowed", "else")
    ),
]
IDS = [f"{kind}-{number}" for number, (kind, _) in enumerate(LETTERS)]


class Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.words: list[str] = []
        self.images = 0
        self._skip = False

    def handle_starttag(self, tag, attrs):
        if tag == "a":
            self.links.append(dict(attrs)["href"])
        self.images += tag == "img"
        self._skip = tag in ("style", "title")

    def handle_endtag(self, tag):
        self._skip = False

    def handle_data(self, data):
        if not self._skip:
            self.words.append(data)


@pytest.mark.parametrize(("kind", "data"), LETTERS, ids=IDS)
def test_both_parts_say_the_same_and_ask_for_one_thing(kind, data):
    words = render.render(kind, {**COMMON, **data})
    reader = Reader()
    reader.feed(words.html)
    unsubscribe = {COMMON["unsubscribe_url"]} if data.get("unsubscribe_url", 1) else set()
    (action,) = set(reader.links) - unsubscribe
    assert len(reader.links) == 1 + len(unsubscribe)
    assert action.startswith(f"{BASE}/")
    assert reader.images == 0
    lines = words.text.splitlines()
    assert action in lines  # on a line of its own, to be opened or copied
    assert not unsubscribe or COMMON["unsubscribe_url"] in lines
    assert all(len(line) <= 72 or "://" in line for line in lines)
    assert "-- " in lines
    assert "not affiliated with Spotify" in words.text
    assert action in "".join(reader.words)  # the link also as text


@pytest.mark.parametrize(("kind", "data"), LETTERS, ids=IDS)
def test_names_are_words_and_never_markup_or_headers(kind, data):
    evil = "Eve\r\nBcc: all@mail.example <script>alert(1)</script>"
    words = render.render(kind, {**COMMON, **data, "name": evil})
    assert "\n" not in words.subject
    assert "\r" not in words.subject
    assert "<script>" not in words.html
    assert "{{" not in words.subject + words.text + words.html


@pytest.mark.parametrize(("kind", "data"), LETTERS, ids=IDS)
def test_a_letter_is_the_same_to_the_byte_whenever_it_is_written(kind, data, frozen):
    first = render.render(kind, {**COMMON, **data})
    frozen.forward(days=3)
    assert render.render(kind, {**COMMON, **data}) == first


def test_subjects_say_the_state_and_the_date():
    subjects = {render.render(kind, {**COMMON, **data}).subject for kind, data in LETTERS}
    assert "Audiospective stopped saving your plays on 3 November 2026" in subjects
    assert "Renew Audiospective’s access to Spotify before 22 November 2026" in subjects


def test_times_are_in_the_readers_zone_and_utc_says_so():
    data = {"since": ms(3, 23), "failure": ""}
    here = render.render("no_success", {**COMMON, **data}).text
    assert "4\u00a0November 2026, 00:05" in here
    unknown = render.render("no_success", {**COMMON, **data, "timezone": "Mars/Olympus"}).text
    assert "3\u00a0November 2026, 23:05 UTC" in unknown


def test_a_letter_without_what_it_needs_is_an_error_and_not_half_a_letter():
    with pytest.raises(UndefinedError):
        render.render("renewal", COMMON)


def test_whoever_has_no_name_is_greeted_without_one():
    data = {**COMMON, **STOPPED, "reason": "revoked", "rung": 0, "last": False, "name": ""}
    assert render.render("archive_stopped", data).text.startswith("Hello,\n")


def test_every_kind_with_templates_has_all_three_and_is_known():
    found: dict[str, set[str]] = {}
    for path in (Path(render.TEMPLATES) / "mail").iterdir():
        if not path.name.startswith("_"):
            kind, _, ending = path.name.partition(".")
            found.setdefault(kind, set()).add(ending)
    assert set(found) <= set(KINDS)
    assert {kind for kind, _ in LETTERS} <= set(found)
    assert all(endings == {"subject.txt", "txt", "html"} for endings in found.values())


@pytest.mark.parametrize("width", [320, 600])
def test_letters_fit_narrow_screens(page, width):
    page.set_viewport_size({"width": width, "height": 600})
    for kind, data in LETTERS:
        page.set_content(render.render(kind, {**COMMON, **data}).html)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, kind
        box = page.locator(".key a").bounding_box()
        assert box["height"] >= 44, kind
