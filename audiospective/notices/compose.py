"""Puts a letter into its envelope: who, what, and the headers that mail programs ask for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from email.utils import parseaddr
from typing import Any

from jinja2 import TemplateError

from audiospective.clients.mail import Envelope
from audiospective.models.notices import Notice
from audiospective.notices import relevance, render, signed_links
from audiospective.policy.letters import KINDS
from audiospective.services import Services
from audiospective.settings import Settings
from audiospective.vault import VaultError

Opener = Callable[[Services, Notice], dict[str, Any]]


class UnwritableError(Exception):
    """The letter cannot be written, now or later."""


def envelope(services: Services, notice: Notice, opened: Opener) -> Envelope | None:
    """The letter, or None if it is no longer true. Raises UnwritableError."""
    settings = services.settings
    try:
        data = opened(services, notice)
    except (VaultError, ValueError):
        raise UnwritableError("its data cannot be opened") from None
    if not relevance.still_true(notice, data):
        return None
    leave = unsubscribe_url(settings, notice, data)
    values = {"base_url": settings.base_url, "unsubscribe_url": leave, "timezone": "UTC", **data}
    try:
        words = render.render(notice.kind, values)
    except TemplateError as error:
        raise UnwritableError(f"{type(error).__name__}: its template does not fit") from error
    return Envelope(
        sender=settings.mail_from,
        recipient=notice.recipient,
        subject=words.subject,
        text=words.text,
        html=words.html,
        headers=_headers(settings, notice, leave),
    )


def unsubscribe_url(settings: Settings, notice: Notice, data: Mapping[str, Any]) -> str | None:
    """Where this kind of letter is switched off; None for those that cannot be."""
    kind = KINDS.get(notice.kind)
    if kind and kind.security:
        return None
    if "unsubscribe_url" in data:  # letters to strangers bring their own
        return str(data["unsubscribe_url"])
    if not notice.owner:
        return None
    token = signed_links.sign(settings, signed_links.UNSUBSCRIBE, notice.owner, notice.kind)
    return f"{settings.base_url}/u/{token}"


def _headers(settings: Settings, notice: Notice, leave: str | None) -> dict[str, str]:
    domain = parseaddr(settings.mail_from)[1].rpartition("@")[2]
    headers = {
        "Message-ID": f"<{notice.key}@{domain}>",
        "Auto-Submitted": "auto-generated",  # RFC 3834: no out-of-office answers
        "X-Auto-Response-Suppress": "All",  # the same, for Exchange
    }
    if leave:
        headers["List-Unsubscribe"] = f"<{leave}>"
        headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"  # RFC 8058
    return headers
