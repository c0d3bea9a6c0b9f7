"""Letters as they reach an inbox: the outbox is emptied into the practice mail service."""

from __future__ import annotations

import re
from typing import Any

from audiospective.notices import outbox
from tests.web.conftest import Door


def inbox(door: Door, to: str) -> list[dict[str, Any]]:
    """Every letter that has reached `to`, oldest first."""
    outbox.drain(door.site.services, wait=lambda _: None)
    return list(door.control.letters(to))


def link(letter: dict[str, Any]) -> str:
    """The one address that a letter's text leads to, as a path."""
    base = "http://127.0.0.1:8000"
    found = re.findall(rf"{base}(/\S+)", letter["text"])
    return str(found[0])
