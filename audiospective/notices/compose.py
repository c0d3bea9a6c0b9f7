"""Writes an e-mail: opens its data, asks whether it is still true, fills the three templates."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from email.utils import parseaddr
from functools import lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from jinja2 import (
    Environment,
    FileSystemLoader,
    StrictUndefined,
    TemplateError,
    pass_context,
    select_autoescape,
)
from jinja2.runtime import Context

from audiospective import clock
from audiospective.clients.mail import Envelope
from audiospective.models import User
from audiospective.models.notices import Notice
from audiospective.notices import kind as kinds
from audiospective.notices.kind import Audience, Kind
from audiospective.notices.outbox import PLACE
from audiospective.policy.in_words import isolated, plural
from audiospective.services import Services
from audiospective.settings import Settings
from audiospective.vault import UnknownKeyError, VaultError

TEMPLATES = Path(__file__).parents[2] / "templates"
UTC = ZoneInfo("UTC")
KEY_AWAITED = timedelta(days=7)  # a key of TOKEN_KEYS that was taken out by mistake comes back
# What may have gone out and cannot be opened is given up once the provider may have forgotten the
# notice's own key (clients.mail_http.send); the last try may come an hour later than this.
REMEMBERED = timedelta(hours=23)
WIDTH = 72  # of the text part
FORMERLY = {"hole_start": "gap_start", "hole_end": "gap_end"}  # in notices of older releases


class UnwritableError(Exception):
    """The e-mail cannot be written, now or later."""


@dataclass(frozen=True)
class Words:
    """What an e-mail says."""

    subject: str
    text: str
    html: str


def envelope(services: Services, kind: Kind, notice: Notice) -> Envelope | None:
    """The e-mail, or None if it is no longer true. Raises UnwritableError, or, for KEY_AWAITED
    (REMEMBERED if it may have gone out), UnknownKeyError while no key opens what it is made of.
    """
    settings = services.settings
    try:
        data = opened(services, notice)
    except UnknownKeyError:
        awaited = REMEMBERED if notice.maybe_out else KEY_AWAITED
        if clock.now() - notice.created_at < awaited:
            raise
        raise UnwritableError("no key opens its data") from None
    except (VaultError, ValueError):
        raise UnwritableError("its data cannot be opened") from None
    if not _still_true(kind, notice, data):
        return None
    leave = data.setdefault("unsubscribe_url", None)
    values = {"base_url": settings.base_url, "timezone": "UTC", "step": notice.step, **data}
    try:
        words = render(kind.name, values)
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


def opened(services: Services, notice: Notice) -> dict[str, Any]:
    """What an e-mail is made of; raises VaultError if it cannot be opened."""
    encrypted = services.vault.decrypt(PLACE + notice.key, notice.owner, notice.data_encrypted)
    return {FORMERLY.get(name, name): value for name, value in json.loads(encrypted).items()}


def render(kind: str, data: Mapping[str, Any]) -> Words:
    """The words of an e-mail of this kind; the same data gives the same bytes at any time.

    Instants in `data` are milliseconds (UTC), written in the zone `data["timezone"]`. Raises
    jinja2.TemplateError if a template is missing or asks for what `data` does not have.
    """
    found = _environment()

    def part(name: str) -> str:
        return found.get_template(f"emails/{kind}/{name}").render(data)

    # One line: whatever a name may hold, it cannot add a header.
    subject = " ".join(part("subject.txt").split())
    return Words(subject, _folded(part("body.txt")), part("body.html"))


def alarm(topic: str, facts: Mapping[str, Any], *, over: bool) -> tuple[str, str]:
    """(title, text) of what operators are told, for places that take no e-mail."""
    values = {"topic": topic, "facts": facts, "over": over, "timezone": "UTC"}
    found = _environment().get_template("emails/operator_alert/short.txt").render(values)
    title, _, text = found.strip().partition("\n")
    return title.strip(), _folded(text).strip()


def _still_true(kind: Kind, notice: Notice, data: Mapping[str, Any]) -> bool:
    until = data.get("expires_at")
    if until is not None and clock.to_ms(clock.now()) >= int(until):
        return False
    if notice.owner:
        user = User.get_or_none(User.id == notice.owner)
        if user is None:
            return False
        # An e-mail about the archive goes to the address that is proven now, not to a former one.
        now_at = kinds.address(user, kind.name)
        if kind.audience is Audience.MEMBER and not kind.security and now_at != notice.recipient:
            return False
    return kind.still_true(notice, data)


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


def _folded(text: str) -> str:
    """Paragraphs as lines of at most WIDTH characters; addresses are never broken."""
    paragraphs = []
    for paragraph in re.split(r"\n\s*\n", text.strip()):
        lines = [line.strip() for line in paragraph.strip().splitlines()]
        if not any("://" in line for line in lines):
            lines = textwrap.wrap(
                " ".join(lines), WIDTH, break_long_words=False, break_on_hyphens=False
            )
        paragraphs.append("\n".join(lines))
    return "\n\n".join(filter(None, paragraphs)).replace("\n\n--\n\n", "\n\n-- \n") + "\n"


@lru_cache(maxsize=1)
def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=select_autoescape(("html",), default_for_string=False),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters.update(day=_day, moment=_moment, plural=plural, isolated=isolated)
    return made


@pass_context
def _day(context: Context, ms: int) -> str:
    """3 November 2026"""
    there = _there(context, ms)
    return f"{there.day}\u00a0{there:%B %Y}"


@pass_context
def _moment(context: Context, ms: int) -> str:
    """3 November 2026, 14:05 (and UTC where that is not the reader's own zone)"""
    there = _there(context, ms)
    suffix = " UTC" if there.tzinfo is UTC else ""
    return f"{there.day}\u00a0{there:%B %Y, %H:%M}{suffix}"


def _there(context: Context, ms: int) -> datetime:
    return clock.from_ms(ms).astimezone(_zone(str(context.get("timezone") or "UTC")))


def _zone(name: str) -> tzinfo:
    try:
        return UTC if name == "UTC" else ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return UTC
