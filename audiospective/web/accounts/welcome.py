"""Welcome: the first poll as it happens, zone, address and e-mails, and how to bring the past."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from audiospective import clock
from audiospective.accounts import address, time_zone, welcome
from audiospective.accounts.welcome import Wishes
from audiospective.models import Connection, User
from audiospective.operations import health
from audiospective.policy import addresses, tiers
from audiospective.policy.archive_state import ArchiveState
from audiospective.policy.health import HealthStatus
from audiospective.web import throttle
from audiospective.web.access import is_fresh, own_session, person, signed_in, to_sign_in
from audiospective.web.context import services, zone_name
from audiospective.web.htmx import STOP_POLLING, fragment_of
from audiospective.web.imports import reminder
from audiospective.web.settings import address as address_settings
from audiospective.web.waitlist.pages import NOT_AN_ADDRESS

blueprint = Blueprint("welcome", __name__)

PATIENCE = timedelta(minutes=2)  # then the page stops watching; the poll itself goes on
SENT = "We have sent you an e-mail: open its link in this browser and press the button."


@dataclass(frozen=True)
class FirstPoll:
    """`step`: waiting, slow, saved, empty, failed, stopped, or none (no Spotify)."""

    step: str
    state: ArchiveState
    oldest: datetime | None = None

    @property
    def over(self) -> bool:
        return self.step != "waiting"


@dataclass(frozen=True)
class Pressed:
    """Which button sent the form: where it leads, and the kind of message that is shown there."""

    leads_to: str
    place: str
    said: str
    days: int | None = None  # until the reminder, of its buttons

    @property
    def save(self) -> bool:
        return self.said == "form"


def _pressed() -> Pressed:
    if "days" in request.form:
        days = request.form.get("days", type=int)
        return Pressed("welcome.page", "#reminder", "reminder", days)
    if "open" in request.form:
        return Pressed("dashboard.page", "", "message")
    return Pressed("welcome.page", "#saved", "form")


@blueprint.get("/welcome")
@signed_in
def page() -> ResponseReturnValue:
    return _page()


@blueprint.post("/welcome")
@signed_in
def save() -> ResponseReturnValue:
    """Zone, address and e-mails in one form; each may be left as it is.

    The buttons below it send it too, so that what was typed and not saved is not lost. They save
    only what was changed: an address or a zone that was merely offered is not taken for theirs.
    """
    user = person()
    pressed = _pressed()
    reminder.ask(pressed.days)
    # A proven address is the key to an archive; it is changed in the settings, not in passing.
    typed = "" if user.email_verified_at else request.form.get("email", "").strip()
    zone = request.form.get("timezone", "")
    email = addresses.normalized(typed) if typed else None
    errors = {}
    if zone not in time_zone.zones():
        errors["timezone"] = "Choose a time zone from the list."
    if typed and email is None:
        errors["email"] = NOT_AN_ADDRESS
    wishes = Wishes(zone, email, frozenset(request.form.getlist("emails")))
    if errors:
        return _page(wishes, typed=typed[: addresses.LONGEST], errors=errors)
    if not pressed.save:
        email = None if email == _address() else email
        wishes = replace(wishes, timezone=None if zone == zone_name() else zone, email=email)
    if email:
        if not is_fresh():
            return to_sign_in(confirm=True)
        throttle.enforce(*address_settings.EMAILS, who=f"member {user.id}")
    session = own_session()
    proving = session is not None and welcome.save(services(), user, session, wishes)
    if proving:
        flash(f"Saved. {SENT}" if pressed.save else SENT, pressed.said)
    elif pressed.save:
        flash("Saved.", pressed.said)
    return redirect(url_for(pressed.leads_to) + pressed.place, 303)


@blueprint.get("/ui/first-poll")
@fragment_of("welcome.page")
@signed_in
def first_poll() -> ResponseReturnValue:
    found = _first_poll(person())
    body = render_template("accounts/welcome/_first_poll.html", first=found)
    return make_response(body, STOP_POLLING if found.over else 200)


def _page(
    wishes: Wishes | None = None, typed: str | None = None, errors: dict[str, str] | None = None
) -> ResponseReturnValue:
    user = person()
    wishes = wishes or welcome.wishes(user)
    body = render_template(
        "accounts/welcome/page.html",
        user=user,
        tier=tiers.tier_of(user.tier, user.founding_number),
        first=_first_poll(user),
        wishes=wishes,
        emails=welcome.choices(figures=services().settings.derived_stats),
        zones=time_zone.zones(),
        zone_guess=zone_name(),
        zone_saved=time_zone.chosen(user) is not None,
        typed=_address() if typed is None else typed,
        invited=welcome.invited_address(user),
        reminder=reminder.ahead(user),
        reminder_days=reminder.offered(),
        errors=errors or {},
    )
    return make_response(body, 422 if errors else 200)


def _address() -> str:
    """What stands in the field: what was typed last, else what the invitation was sent to."""
    session = own_session()
    return (session and address.pending(session)) or welcome.invited_address(person()) or ""


def _first_poll(user: User) -> FirstPoll:
    state = health.state(services(), user.id)
    if not state.connected_before:
        return FirstPoll("none", state)
    if state.plays:
        return FirstPoll("saved", state, welcome.oldest(user))
    if not state.traits.checks:
        return FirstPoll("stopped", state)
    if state.last_success_at is not None:
        return FirstPoll("empty", state)
    if state.status is not HealthStatus.FIRST_POLL:
        return FirstPoll("failed", state)
    waited = clock.now() - Connection.get_by_id(user.id).authorized_at
    return FirstPoll("waiting" if waited < PATIENCE else "slow", state)
