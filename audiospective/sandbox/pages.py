"""Pages for people: what this is, the inbox, connected apps, and made-up cover art."""

from flask import Blueprint, Response, abort, make_response, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from audiospective.sandbox.clock import to_datetime
from audiospective.sandbox.covers import cover
from audiospective.sandbox.exchange import state
from audiospective.sandbox.export import export_zip
from audiospective.sandbox.ids import is_id
from audiospective.sandbox.mailbox import Email

bp = Blueprint("pages", __name__)

EXPORT_MS = 3 * 365 * 86_400_000

# What an e-mail may do when it is shown: be seen and have its links followed.
EMAIL_POLICY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox allow-top-navigation-by-user-activation;"
    " default-src 'none'; img-src * data:; style-src 'unsafe-inline'"
)


@bp.app_template_filter("moment")
def moment(ms: int) -> str:
    """An instant for people, in UTC."""
    return to_datetime(ms).strftime("%Y-%m-%d %H:%M:%S UTC")


@bp.get("/")
def home() -> str:
    """What runs here, and where to go."""
    here = state()
    with here.lock:
        return render_template(
            "home.html", now=here.clock.now_ms(), offset=here.clock.offset_ms,
            listeners=len(here.listeners), emails=len(here.mailbox.emails),
            calls=sorted(here.calls.by("endpoint").items()),
            faults=[fault.describe() for fault in here.faults.all.values()],
        )  # fmt: skip


@bp.get("/inbox")
def inbox() -> str:
    """Every e-mail, newest first."""
    here = state()
    wanted = request.args.get("to", "")
    with here.lock:
        emails = [
            email
            for email in reversed(here.mailbox.emails.values())
            if not wanted or wanted in email.to
        ]
    return render_template("inbox.html", emails=emails, wanted=wanted)


@bp.get("/inbox/<id>")
def email(id: str) -> str:
    """One e-mail: who, what, its HTML and its text."""
    return render_template("email.html", email=_email(id))


@bp.get("/inbox/<id>/html")
def email_html(id: str) -> Response:
    """The HTML part alone; links open outside the frame."""
    found = _email(id)
    if not found.html:
        abort(404)
    response = make_response('<base target="_blank">' + found.html)
    response.headers["Content-Security-Policy"] = EMAIL_POLICY
    return response


@bp.get("/inbox/<id>/text")
def email_text(id: str) -> Response:
    """The text part alone."""
    found = _email(id)
    if not found.text:
        abort(404)
    return Response(found.text, content_type="text/plain; charset=utf-8")


@bp.get("/account/apps")
def connected() -> str:
    """Which apps listeners have let in."""
    here = state()
    with here.lock:
        grants = sorted(here.grants.of(), key=lambda grant: grant.granted_ms, reverse=True)
        rows = [
            (grant, here.apps.get(grant.client_id), here.listeners[grant.listener_id])
            for grant in grants
            if grant.listener_id in here.listeners
        ]
    return render_template("apps.html", rows=rows)


@bp.post("/account/apps")
def remove() -> AnyResponse:
    """Take a permission back, as on Spotify's own account page."""
    here = state()
    with here.lock:
        grant = here.grants.all.get(request.form.get("grant", ""))
        if grant is None:
            abort(404)
        here.grants.revoke(grant)
    return redirect("/account/apps", 303)


@bp.get("/account/export")
def export() -> Response:
    """A listener's whole history, as Spotify sends it on request: three years of it."""
    here = state()
    with here.lock:
        listener = here.listeners.get(request.args.get("listener", ""))
        since = here.clock.now_ms() - EXPORT_MS
    if listener is None:
        abort(404)
    body = export_zip(here, listener, since)
    disposition = 'attachment; filename="my_spotify_data.zip"'
    return Response(
        body, content_type="application/zip", headers={"Content-Disposition": disposition}
    )


@bp.get("/image/<mark>")
def image(mark: str) -> Response:
    """Cover art for any id of the catalog."""
    if not is_id(mark[-22:]):
        abort(404)
    return Response(
        cover(mark[-22:]),
        content_type="image/svg+xml",
        headers={"Cache-Control": "public, max-age=31536000", "Access-Control-Allow-Origin": "*"},
    )


def _email(id: str) -> Email:
    here = state()
    with here.lock:
        found = here.mailbox.emails.get(id)
    if found is None:
        abort(404)
    return found
