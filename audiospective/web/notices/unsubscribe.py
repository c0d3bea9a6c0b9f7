"""Letters of one kind, switched off by a link in them: by a person, or by their mail program."""

from __future__ import annotations

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from audiospective.notices import recipients, signed_links
from audiospective.policy.letters import KINDS
from audiospective.web.context import services
from audiospective.web.security import csrf

blueprint = Blueprint("unsubscribe", __name__)

WORDS = {
    "archive_stopped": "that your archive has stopped",
    "no_success": "that no check has succeeded for a day",
    "renewal": "that your permission is about to end",
    "back_on": "that your archive is back on",
    "gap_found": "that plays may be missing",
    "export_ready": "that an export is ready",
    "import_finished": "that an import is finished",
    "operator_alert": "what goes wrong on this server",
    "welcome": "what your membership brings",
}
WARNINGS = ("archive_stopped", "no_success", "renewal")
VALUES = 2  # whom the letters go to, and their kind


@blueprint.route("/u/<token>", methods=["GET", "POST"])
@csrf.exempt
def page(token: str) -> ResponseReturnValue:
    """GET shows a button; POST acts, without cookie or CSRF token: the link is what entitles.

    A mail program (RFC 8058) posts `List-Unsubscribe=One-Click` and must get no redirect.
    """
    found = signed_links.read(services().settings, signed_links.UNSUBSCRIBE, token)
    values = found[0] if found and len(found[0]) == VALUES else None
    if values is None or values[1] not in KINDS:
        return make_response(render_template("notices/unsubscribe/unknown.html"), 404)
    user_id, kind = values
    if request.method == "POST":
        on = request.form.get("letters") == "on"
        if not recipients.switch(user_id, kind, on=on):
            return make_response(render_template("notices/unsubscribe/unknown.html"), 404)
        if request.form.get("List-Unsubscribe") == "One-Click":
            return ""
        return redirect(url_for("unsubscribe.page", token=token), 303)
    return render_template(
        "notices/unsubscribe/page.html",
        token=token,
        off=recipients.is_off(user_id, kind),
        words=WORDS.get(kind, "about this"),
        warns=kind in WARNINGS,
    )
