"""Address: where a member's e-mails go, and how they change it."""

from __future__ import annotations

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from audiospective.accounts import address, former_address
from audiospective.policy import addresses
from audiospective.web import access, throttle
from audiospective.web.access import freshly_signed_in, person
from audiospective.web.context import services
from audiospective.web.throttle import Limit
from audiospective.web.waitlist.pages import NOT_AN_ADDRESS

blueprint = Blueprint("address_settings", __name__)

EMAILS = (Limit("address hour", 6, 3600), Limit("address day", 12, 24 * 3600))
ALREADY = "This is your address already."


@blueprint.get("/settings/address")
@freshly_signed_in
def page() -> ResponseReturnValue:
    return _page("", {})


@blueprint.post("/settings/address")
@freshly_signed_in
def change() -> ResponseReturnValue:
    """Send a link to the address that was typed; nothing changes until it is used here."""
    typed = request.form.get("email", "").strip()
    email = addresses.normalized(typed)
    session = access.own_session()
    if email is None or session is None:
        return _page(typed[: addresses.LONGEST], {"email": NOT_AN_ADDRESS})
    throttle.enforce(*EMAILS, who=f"member {person().id}")
    if not address.propose(services(), person(), session, email):
        return _page(email, {"email": ALREADY})
    return redirect(url_for("address_settings.page"), 303)


@blueprint.post("/settings/address/withdraw")
@freshly_signed_in
def withdraw() -> ResponseReturnValue:
    """Forget the address that is still to be proven; its link is worth nothing from now on."""
    session = access.own_session()
    if session is not None and address.withdraw(session):
        flash("Nothing was changed. The link that we sent no longer works.")
    return redirect(url_for("address_settings.page"), 303)


def _page(typed: str, errors: dict[str, str]) -> ResponseReturnValue:
    session = access.own_session()
    body = render_template(
        "settings/address.html",
        user=person(),
        pending=address.pending(session) if session else None,
        typed=typed,
        errors=errors,
        days=former_address.RESTORE_WITHIN.days,
        prove_days=address.PROVE_WITHIN.days,
    )
    return make_response(body, 422 if errors else 200)
