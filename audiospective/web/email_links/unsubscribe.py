"""E-mails of one kind, switched off by a link in them: by a person, or by their mail program."""

from __future__ import annotations

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from audiospective.notices import kind, signed_links
from audiospective.web.context import services
from audiospective.web.security import csrf

blueprint = Blueprint("unsubscribe", __name__)

VALUES = 2  # whom the e-mails go to, and their kind


@blueprint.route("/u/<token>", methods=["GET", "POST"])
@csrf.exempt
def page(token: str) -> ResponseReturnValue:
    """GET shows a button; POST acts, without cookie or CSRF token: the link is what entitles.

    A mail program (RFC 8058) posts `List-Unsubscribe=One-Click` and must get no redirect.
    """
    found = signed_links.read(services().settings, signed_links.UNSUBSCRIBE, token)
    user_id, name = found[0] if found and len(found[0]) == VALUES else (0, "")
    about = kind.find(name)
    if about is None or about.opt_out is None:
        return make_response(render_template("email_links/unsubscribe/unknown.html"), 404)
    if request.method == "POST":
        on = request.form.get("emails") == "on"
        if not kind.switch(user_id, name, on=on):
            return make_response(render_template("email_links/unsubscribe/unknown.html"), 404)
        if request.form.get("List-Unsubscribe") == "One-Click":
            return ""
        return redirect(url_for("unsubscribe.page", token=token), 303)
    return render_template(
        "email_links/unsubscribe/page.html",
        token=token,
        off=kind.is_off(user_id, name),
        words=about.opt_out,
        warns=about.warning,
    )
