"""E-mails as they reach an inbox: the outbox is emptied into the sandbox's mail service."""

from __future__ import annotations

import re
from typing import Any

from audiospective.notices import delivery
from tests.web.conftest import LiveSite


def inbox(live: LiveSite, to: str) -> list[dict[str, Any]]:
    """Every e-mail that has reached `to`, oldest first."""
    delivery.drain(live.site.services, wait=lambda _: None)
    return list(live.control.emails(to))


def link(email: dict[str, Any]) -> str:
    """The one address that an e-mail's text leads to, as a path."""
    base = "http://127.0.0.1:8000"
    found = re.findall(rf"{base}(/\S+)", email["text"])
    return str(found[0])
