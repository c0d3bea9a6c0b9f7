"""E-mails: which kinds may come, and a test that shows whether they arrive."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from audiospective.accounts import address
from audiospective.models import transaction
from audiospective.models.notices import (
    FAILED,
    OBSOLETE,
    PERHAPS,
    QUEUED,
    SENT,
    UNCERTAIN,
    UNWRITTEN,
    Notice,
)
from audiospective.notices import kind, outbox
from audiospective.notices.kinds import test_email
from audiospective.operations import health
from audiospective.web import throttle
from audiospective.web.access import own_session, person, signed_in
from audiospective.web.context import services
from audiospective.web.throttle import Limit

blueprint = Blueprint("emails", __name__)

TESTS = (Limit("test e-mails hour", 3, 3600), Limit("test e-mails day", 10, 24 * 3600))
OUTCOMES = {  # by the status of a notice; the others wait for their turn
    SENT: ("Handed over to the mail service", "good"),
    UNCERTAIN: ("Perhaps sent: the mail service did not answer, so it goes once more", "warn"),
    FAILED: ("Refused by the mail service", "bad"),
    OBSOLETE: ("Not sent", "warn"),
}
FIRST = ("On its way", "accent")
AGAIN = ("Not taken by the mail service yet, which is asked again", "warn")
NO_ANSWER = ("Perhaps sent: the mail service did not answer", "warn")
UNREADABLE = ("Not sent: this server cannot read what it was to say", "warn")
UNREADABLE_YET = ("Not sent yet: this server cannot read what it is to say", "warn")


@blueprint.get("/settings/alerts")
@signed_in
def former() -> ResponseReturnValue:
    """The address that e-mails of former releases carry."""
    return redirect(url_for("emails.page"), 308)


@blueprint.get("/settings/emails")
@signed_in
def page() -> ResponseReturnValue:
    member = person()
    session = own_session()
    last = test_email.latest(member.id)
    return render_template(
        "settings/emails.html",
        member=member,
        kinds=kind.optional(member, figures=services().settings.derived_stats),
        off=kind.switched_off(member),
        state=health.state(services(), member.id),
        pending=address.pending(session) if session else None,
        last=last,
        outcome=_outcome(last) if last else None,
        sends=bool(services().settings.resend_api_key and services().settings.mail_from),
    )


def _outcome(last: Notice) -> tuple[str, str]:
    """What became of an e-mail, and its colour; a status alone does not tell it."""
    error = last.error or ""
    match last.status, error.startswith(UNWRITTEN):
        case status, _ if status == SENT and error == PERHAPS:
            return NO_ANSWER
        case status, True if status != UNCERTAIN:  # an earlier try of that one may have arrived
            return UNREADABLE if status == FAILED else UNREADABLE_YET
        case status, _ if status == QUEUED and error:
            return AGAIN
    return OUTCOMES.get(last.status, FIRST)


@blueprint.post("/settings/emails")
@signed_in
def save() -> ResponseReturnValue:
    """Each kind that is not ticked is switched off; kinds that are no choice stay as they are."""
    member = person()
    ticked = set(request.form.getlist("kinds"))
    with transaction():
        for one in kind.optional(member, figures=services().settings.derived_stats):
            kind.switch(member.id, one.name, on=one.name in ticked)
    flash("Saved", "form")
    return redirect(url_for("emails.page") + "#saved", 303)


@blueprint.post("/settings/emails/test")
@signed_in
def send_test() -> ResponseReturnValue:
    member = person()
    throttle.enforce(*TESTS, who=f"member {member.id}")
    with transaction():
        owed = test_email.put(services(), member)
    if owed:
        outbox.hurry(services())
        flash(f"A test e-mail to {member.email} is on its way.", "test")
    else:
        flash("There is no confirmed address to send a test to.", "test")
    return redirect(url_for("emails.page") + "#test", 303)
