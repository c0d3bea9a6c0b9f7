"""Where an e-mail's button leads: what stopped, since when, and the way back; harmless to open."""

from __future__ import annotations

from flask import Blueprint, make_response, render_template
from flask.typing import ResponseReturnValue

from audiospective import clock
from audiospective.incidents import incident
from audiospective.models import Connection, SpotifyApp, User
from audiospective.notices import signed_links
from audiospective.operations import health
from audiospective.web import access
from audiospective.web.context import services

blueprint = Blueprint("reconnect", __name__)

VALUES = 1  # whose archive it is


@blueprint.get("/reconnect/<token>")
def page(token: str) -> ResponseReturnValue:
    """Says whose archive it is by a first letter only: whoever has the link may be anybody."""
    found = signed_links.read(services().settings, signed_links.RECONNECT, token)
    values, good = found or ([], False)
    user = User.get_or_none(User.id == values[0]) if good and len(values) == VALUES else None
    if user is None:
        expired = found is not None and not good
        body = render_template("email_links/reconnect/expired.html", expired=expired)
        return make_response(body, 410 if expired else 404)
    connection = (
        Connection.select(Connection, SpotifyApp)
        .join(SpotifyApp)
        .where(Connection.user == user.id)
        .first()
    )
    state = health.state(services(), user.id)
    access.expect(user.id)  # signing in as somebody else is then refused instead of mixed up
    return render_template(
        "email_links/reconnect/page.html",
        initial=(user.display_name or "")[:1],
        connection=connection,
        state=state,
        stopped=state.at_risk_since,
        days=(clock.now() - state.at_risk_since).days if state.at_risk_since else 0,
        reason=incident.reason(connection) if connection else "",
    )
