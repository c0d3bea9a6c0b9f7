"""Whether the mail provider takes the key and has verified the sender's domain."""

from __future__ import annotations

from email.utils import parseaddr
from http import HTTPStatus
from typing import Any

import requests

from audiospective.operations.doctor.finding import Finding
from audiospective.operations.doctor.requesting import ask
from audiospective.services import Services


def look(services: Services) -> Finding:
    """Whether the provider takes the key, has verified the sender's domain, and what it allows."""
    settings, subject = services.settings, "Mail account"
    if not settings.resend_api_key or not settings.mail_from:
        return Finding(subject, "not looked at: there is no key or no sender")
    key = {"Authorization": f"Bearer {settings.resend_api_key}"}
    answer = ask(f"{settings.resend_api_url}/domains", headers=key)
    if answer is None:
        return Finding(subject, "could not be asked", "Try again later.", serious=False)
    limit = answer.headers.get("ratelimit-limit")
    allowed = f", {limit} requests a second" if limit else ""
    said = _object(answer)
    if answer.status_code in (
        HTTPStatus.UNAUTHORIZED,
        HTTPStatus.FORBIDDEN,
        HTTPStatus.BAD_REQUEST,
    ):
        if said.get("name") == "restricted_api_key":
            return Finding(subject, f"the key can send and nothing else{allowed}")
        return Finding(
            subject,
            f"the provider refuses the key ({answer.status_code})",
            "Make a new one and set RESEND_API_KEY.",
            serious=False,
        )
    if answer.status_code == HTTPStatus.TOO_MANY_REQUESTS:
        return Finding(
            subject, "its limit is reached", "E-mails wait; nothing is lost.", serious=False
        )
    if answer.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return Finding(
            subject,
            f"the provider fails ({answer.status_code})",
            "E-mails wait; nothing is lost. Look at its own status page, and try again later.",
            serious=False,
        )
    if not answer.ok or "data" not in said:
        return Finding(subject, f"does not tell its domains ({answer.status_code})")
    domain = parseaddr(settings.mail_from)[1].rpartition("@")[2].lower()
    known = {str(one.get("name")).lower(): str(one.get("status")) for one in said["data"]}
    found = next((known[name] for name in known if domain in (name, f"www.{name}")), None)
    if found == "verified":
        return Finding(subject, f"{domain} is verified{allowed}")
    return Finding(
        subject,
        f"{domain} is {found or 'not known there'}",
        "Add the domain at the provider and set its DNS records, or correct MAIL_FROM.",
        serious=False,
    )


def _object(answer: requests.Response) -> dict[str, Any]:
    try:
        found = answer.json()
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
