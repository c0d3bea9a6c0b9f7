"""Welcome: the first poll as it happens, zone, address and letters, and how to bring the past."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from zoneinfo import available_timezones

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from audiospective import clock
from audiospective.accounts import welcome
from audiospective.accounts.welcome import Wishes
from audiospective.models import Connection, User
from audiospective.policy import addresses, tiers
from audiospective.web import throttle
from audiospective.web.access import is_fresh, person, signed_in, to_sign_in
from audiospective.web.context import services
from audiospective.web.htmx import STOP_POLLING, fragment_of
from audiospective.web.throttle import Limit
from audiospective.web.waitlist.pages import NOT_AN_ADDRESS

blueprint = Blueprint("welcome", __name__)

PATIENCE = timedelta(minutes=2)  # then the page stops watching; the poll itself goes on
LETTERS = Limit("address letters", 6, 3600)


@dataclass(frozen=True)
class FirstPoll:
    """`state`: waiting, slow, saved, empty, failed or none (no Spotify)."""

    state: str
    plays: int = 0
    oldest: datetime | None = None

    @property
    def over(self) -> bool:
        return self.state != "waiting"


@blueprint.get("/welcome")
@signed_in
def page() -> ResponseReturnValue:
    return _page()


@blueprint.post("/welcome")
@signed_in
def save() -> ResponseReturnValue:
    """Zone, address and letters in one form; each may be left as it is."""
    user = person()
    # A proven address is the key to an archive; it is changed in the settings, not in passing.
    typed = "" if user.email_verified_at else request.form.get("email", "").strip()
    zone = request.form.get("timezone", "")
    email = addresses.normalized(typed) if typed else None
    errors = {}
    if zone not in zones():
        errors["timezone"] = "Choose a time zone from the list."
    if typed and email is None:
        errors["email"] = NOT_AN_ADDRESS
    wishes = Wishes(zone, email, frozenset(request.form.getlist("letters")))
    if errors:
        return _page(wishes, typed=typed[: addresses.LONGEST], errors=errors)
    if email:
        if not is_fresh():
            return to_sign_in(confirm=True)
        throttle.enforce(LETTERS)
    proving = welcome.save(services(), user, wishes)
    flash(
        "Saved. We have sent a letter to your address; press the button behind its link."
        if proving
        else "Saved."
    )
    return redirect(url_for("welcome.page") + "#past", 303)


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
        letters=welcome.LETTERS,
        zones=zones(),
        typed=(user.email or "") if typed is None else typed,
        errors=errors or {},
    )
    return make_response(body, 422 if errors else 200)


def _first_poll(user: User) -> FirstPoll:
    connection = Connection.get_or_none(Connection.user == user.id)
    if connection is None:
        return FirstPoll("none")
    if connection.last_success_at is not None:
        plays, oldest = welcome.saved(user)
        if not plays:
            return FirstPoll("empty")
        return FirstPoll("saved", plays, oldest)
    if connection.last_failure_type is not None:
        return FirstPoll("failed")
    waited = clock.now() - connection.authorized_at
    return FirstPoll("waiting" if waited < PATIENCE else "slow")


@lru_cache(maxsize=1)
def zones() -> tuple[str, ...]:
    """The zones people live in, by name: region and city, and UTC."""
    regions = ("Africa/", "America/", "Antarctica/", "Arctic/", "Asia/", "Atlantic/",
               "Australia/", "Europe/", "Indian/", "Pacific/")  # fmt: skip
    return ("UTC", *sorted(name for name in available_timezones() if name.startswith(regions)))
