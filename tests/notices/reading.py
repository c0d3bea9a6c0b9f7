"""E-mails as they are read: what all examples share, and how both parts are taken apart."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from html.parser import HTMLParser
from importlib import import_module
from typing import Any

from audiospective import clock
from audiospective.notices import compose, kind
from audiospective.notices.compose import Words

BASE = "https://archive.example"
UNSUBSCRIBE = f"{BASE}/u/token"
COMMON = {
    "base_url": BASE,
    "timezone": "Europe/Berlin",
    "step": 0,
    "name": "Mara <b>",
    "dashboard_url": f"{BASE}/dashboard",
    "health_url": f"{BASE}/health",
}


def ms(day: int, hour: int = 13) -> int:
    """An instant in November 2026, in milliseconds."""
    return clock.to_ms(datetime(2026, 11, day, hour, 5, tzinfo=UTC))


def write(name: str, data: Mapping[str, Any], /, **more: Any) -> Words:
    """The e-mail of this kind with this data, as a member or stranger gets it."""
    found = kind.find(name)
    assert found is not None
    leave = None if found.security else UNSUBSCRIBE
    return compose.render(name, {**COMMON, "unsubscribe_url": leave, **data, **more})


def examples() -> list[tuple[str, dict[str, Any]]]:
    """Every kind with each of its examples; a kind without any is an error."""
    return [
        (name, example)
        for name in sorted(kind.names())
        for example in import_module(f"tests.notices.kinds.test_{name}").EXAMPLES
    ]


class Reader(HTMLParser):
    """The links and the words of an HTML part."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.words: list[str] = []
        self.images = 0
        self._skip = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self.links.append(str(dict(attrs)["href"]))
        self.images += tag == "img"
        self._skip = tag in ("style", "title")

    def handle_endtag(self, tag: str) -> None:
        self._skip = False

    def handle_data(self, data: str) -> None:
        if not self._skip:
            self.words.append(data)
