"""The reminder of Spotify's file: asked for where the page tells how to request it."""

from __future__ import annotations

from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue

from audiospective import clock
from audiospective.models import User
from audiospective.notices import kind
from audiospective.notices.kinds import file_reminder
from audiospective.notices.kinds.file_reminder import DAYS, Asked
from audiospective.web.access import person, signed_in
from audiospective.web.context import services

blueprint = Blueprint("reminder", __name__)

NEVER = 0  # what the button sends that takes the wish back


def offered() -> tuple[int, ...]:
    """The numbers of days that can be chosen: none where this server sends no e-mails."""
    settings = services().settings
    return DAYS if settings.resend_api_key and settings.mail_from else ()


def ahead(member: User) -> Asked | None:
    """The reminder that is still to come, if it can; no query."""
    if not offered() or file_reminder.KIND.name in kind.switched_off(member):
        return None
    found = file_reminder.asked(member)
    return found if found and found.due_at > clock.now() else None


def ask(days: int | None) -> None:
    """Another number of days than those offered changes nothing."""
    if days is not None and days in (NEVER, *DAYS):
        file_reminder.ask(person().id, days)


@blueprint.post("/imports/reminder")
@signed_in
def choose() -> ResponseReturnValue:
    ask(request.form.get("days", type=int))
    return redirect(url_for("imports.page") + "#reminder", 303)
