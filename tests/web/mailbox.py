"""E-mails as they reach an inbox: the outbox is emptied into the sandbox's mail service."""

from __future__ import annotations

import re
from typing import Any

from audiospective.notices import delivery
from tests.web.conftest import Door


def inbox(door: Door, to: str) -> list[dict[str, Any]]:
    """Every e-mail that has reached `to`, oldest first."""
    delivery.drain(door.site.services, wait=lambda _: None)
    return list(door.control.letters(to))


def link(email: dict[str, Any]) -> str:
    """The one address that an e-mail's text leads to, as a path."""
    base = "http://127.0.0.1:8000"
    found = re.findall(rf"{base}(/\S+)", email["text"])
    return str(found[0])
