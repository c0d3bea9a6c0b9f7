"""Every e-mail, both parts, as it is read."""

from __future__ import annotations

import re

import pytest
from jinja2 import UndefinedError

from audiospective.notices import compose, kind
from tests.notices.reading import BASE, COMMON, UNSUBSCRIBE, Reader, examples, ms, write

EXAMPLES = examples()
IDS = [f"{name}-{number}" for number, (name, _) in enumerate(EXAMPLES)]


@pytest.mark.parametrize(("name", "data"), EXAMPLES, ids=IDS)
def test_both_parts_say_the_same_and_ask_for_one_thing(name, data):
    words = write(name, data)
    reader = Reader(words.html)
    found = kind.find(name)
    assert found is not None
    leave = set() if found.security else {UNSUBSCRIBE}
    (action,) = set(reader.links) - leave
    assert len(reader.links) == 1 + len(leave)
    assert action.startswith(f"{BASE}/")
    assert reader.images == 0
    lines = words.text.splitlines()
    assert action in lines  # on a line of its own, to be opened or copied
    assert not leave or UNSUBSCRIBE in lines
    assert all(len(line) <= 72 or "://" in line for line in lines)
    assert "-- " in lines
    assert "not affiliated with Spotify" in words.text
    assert action in "".join(reader.words)  # the link also as text


@pytest.mark.parametrize(("name", "data"), EXAMPLES, ids=IDS)
def test_names_are_words_and_never_markup_or_headers(name, data):
    evil = "Eve\r\nBcc: all@mail.example <script>alert(1)</script>"
    words = write(name, data, name=evil)
    assert "\n" not in words.subject
    assert "\r" not in words.subject
    assert "<script>" not in words.html
    assert "{{" not in words.subject + words.text + words.html


@pytest.mark.parametrize(("name", "data"), EXAMPLES, ids=IDS)
def test_an_email_is_the_same_to_the_byte_whenever_it_is_written(name, data, frozen):
    first = write(name, data)
    frozen.forward(days=3)
    assert write(name, data) == first


@pytest.mark.parametrize(("name", "data"), EXAMPLES, ids=IDS)
def test_an_email_calls_things_what_the_pages_call_them(name, data):
    words = write(name, data)
    said = " ".join([words.subject, words.text, *Reader(words.html).words])
    assert not re.search(r"\b(letters?|holes?|practice)\b", said, re.IGNORECASE)


def test_times_are_in_the_readers_zone_and_utc_says_so():
    data = {"since": ms(3, 23), "failure": ""}
    here = write("no_success", data).text
    assert "4\u00a0November 2026, 00:05" in here
    unknown = write("no_success", data, timezone="Mars/Olympus").text
    assert "3\u00a0November 2026, 23:05 UTC" in unknown


def test_an_email_without_what_it_needs_is_an_error_and_not_half_an_email():
    with pytest.raises(UndefinedError):
        compose.render("renewal", COMMON)


def _long(data):
    """Names without blanks, as members, files and artists may have them."""
    name = "W" * 90
    long = {"name": name, "file": f"audiospective-{name}.zip", "archive": name, "said": name}
    found = {key: value for key, value in long.items() if key == "name" or key in data}
    if data.get("top_artists"):
        found |= {"top_artists": [(name, "1,000,000 plays")], "top_tracks": [(name, "1 play")]}
    return found


@pytest.mark.parametrize("width", [320, 600])
def test_emails_fit_narrow_screens(page, width):
    page.set_viewport_size({"width": width, "height": 600})
    for name, data in EXAMPLES:
        page.set_content(write(name, data, **_long(data)).html)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name
        box = page.locator(".key a").bounding_box()
        assert box["height"] >= 44, name
