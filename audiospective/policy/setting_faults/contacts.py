"""Of where people, alarms and reports go."""

from __future__ import annotations

from audiospective.policy import addresses, service_urls, webhooks
from audiospective.policy.service_urls import UrlError


def webhook_fault(value: str) -> str | None:
    """Of an address that alarms are sent to; it never appears in the message."""
    try:
        webhooks.read(value)
    except ValueError as error:
        return str(error)
    return None


def report_fault(value: str) -> str | None:
    """Of SENTRY_DSN: https://KEY@HOST/PROJECT."""
    try:
        parts = service_urls.split(value)
    except UrlError as error:
        return str(error)
    if parts.scheme not in ("http", "https") or not (parts.username and parts.hostname):
        return "must be a DSN like https://key@host/project."
    if not parts.path.rpartition("/")[2].isdigit():
        return "names no project: a DSN ends with the project's number."
    return None


def sender_fault(value: str) -> str | None:
    """Of MAIL_FROM."""
    if "@" not in value or any(char in value for char in "\r\n"):
        return "must be a sender like 'Audiospective <post@archive.example>'."
    return None


def contact_fault(value: str) -> str | None:
    """Of CONTACT: how visitors reach the operator."""
    if value.startswith("https://") and page_fault(value) is None:
        return None
    if addresses.normalized(value) is None:
        return "must be an e-mail address, or a page like https://archive.example/contact."
    return None


def page_fault(value: str) -> str | None:
    """Of a page that visitors are led to."""
    try:
        parts = service_urls.split(value)
    except UrlError as error:
        return str(error)
    if parts.scheme != "https" or not parts.hostname or parts.username is not None:
        return "must be a page like https://archive.example/source."
    return None
