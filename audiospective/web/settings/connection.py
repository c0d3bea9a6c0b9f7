"""The connection to Spotify: its page, and its buttons: check, pause, resume, disconnect."""

from __future__ import annotations

from datetime import datetime, timedelta

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from audiospective import clock
from audiospective.accounts import checks, connection, spotify_app
from audiospective.accounts.checks import Answer, Check
from audiospective.models import Connection
from audiospective.models.poll_log import PollLog
from audiospective.operations import health
from audiospective.policy import archive_state
from audiospective.policy.check_wait import Reason
from audiospective.policy.in_words import plural
from audiospective.web.access import freshly_signed_in, person, signed_in
from audiospective.web.context import services
from audiospective.web.filters import local
from audiospective.web.htmx import fragment_of, is_fragment
from audiospective.web.local_redirect import local_path
from audiospective.web.settings.spotify_app import SHOWN

blueprint = Blueprint("connection", __name__)

PAGE = "dashboard.page"
PATIENCE = timedelta(minutes=2)  # after which the page stops watching; the poll itself goes on
EAGER = timedelta(seconds=20)
CHANGED = {"HX-Trigger": "archive-changed"}  # what watches the archive looks again
WAITS = {
    Reason.JUST_CHECKED: "We have just checked. You can check again at {until}.",
    Reason.FAILURES: "The last checks failed. We try again by ourselves at {until}.",
    Reason.LIMIT: "Spotify asked us to wait. Checks go on by themselves at {until}.",
    Reason.APP: "Spotify refuses the app at the moment. We try again by ourselves at {until}.",
}


@blueprint.get("/settings/connection")
@signed_in
def page() -> ResponseReturnValue:
    member = person()
    now = clock.now()
    state = health.state(services(), member.id)
    own = spotify_app.own_app(member)
    return render_template(
        "settings/connection.html",
        member=member,
        connection=Connection.get_or_none(Connection.user == member.id),
        state=state,
        now=now,
        own=str(own.client_id)[-SHOWN:] if own else None,
        renews_soon=archive_state.renews_soon(state, now),
        days_left=(state.renew_by - now).days if state.renew_by else None,
    )


@blueprint.post("/connection/check")
@signed_in
def check() -> ResponseReturnValue:
    asked = checks.check_now(services(), person().id)
    if not is_fragment():
        flash(_words(asked))
        return _back()
    if asked.answer is Answer.QUEUED:
        return _watching(asked.at)
    return render_template("dashboard/_check.html", words=_words(asked), watch=None)


@blueprint.get("/ui/check")
@fragment_of(PAGE)
@signed_in
def watch() -> ResponseReturnValue:
    """Whether the check that was asked for at `since` (UTC milliseconds) is done."""
    since = _instant(request.args.get("since"))
    found = Connection.get_or_none(Connection.user == person().id)
    if since is None or found is None:
        return make_response(
            render_template("dashboard/_check.html", words="", watch=None), CHANGED
        )
    if found.last_polled_at and found.last_polled_at >= since:
        words = _result(person().id, found)
    elif clock.now() - since < PATIENCE:
        return _watching(since)
    else:
        words = "The check is still waiting for its turn. It runs without this page."
    return make_response(render_template("dashboard/_check.html", words=words, watch=None), CHANGED)


@blueprint.post("/connection/pause")
@signed_in
def pause() -> ResponseReturnValue:
    if connection.pause(person().id):
        flash("Paused. We do not ask for your plays until you resume.")
    return _back()


@blueprint.post("/connection/resume")
@signed_in
def resume() -> ResponseReturnValue:
    if connection.resume(services(), person().id):
        flash("Resumed. Checks go on by themselves.")
    return _back()


@blueprint.get("/connection/disconnect")
@freshly_signed_in
def ask_to_disconnect() -> ResponseReturnValue:
    """What disconnecting does and does not; the button on it does it."""
    state = health.state(services(), person().id)
    return render_template("settings/disconnect.html", state=state)


@blueprint.post("/connection/disconnect")
@freshly_signed_in
def disconnect() -> ResponseReturnValue:
    if connection.disconnect(person().id):
        flash("Disconnected. Our access to your Spotify account is deleted.")
    return _back()


def _back() -> Response:
    """To the page that the button was on."""
    return redirect(local_path(request.form.get("next"), url_for(PAGE)), 303)


def _watching(since: datetime) -> str:
    seconds = 2 if clock.now() - since < EAGER else 5
    watch = {"since": clock.to_ms(since), "seconds": seconds}
    return render_template("dashboard/_check.html", words="Asking Spotify…", watch=watch)


def _words(asked: Check) -> str:
    if asked.answer is Answer.STOPPED:
        return "Checks are stopped. Connect or resume first."
    if asked.wait is None:
        return "The check is on its way. New plays appear here in a moment."
    until = local(asked.wait.until, "short")
    return WAITS[asked.wait.reason].format(until=until)


def _result(user_id: int, found: Connection) -> str:
    at = local(found.last_polled_at, "short")
    if found.last_success_at != found.last_polled_at:
        return f"Checked at {at}. Spotify did not give us your plays; we try again by ourselves."
    line = PollLog.of(user_id, found.last_polled_at)
    if line is None:
        return f"Checked at {at}."
    return f"Checked at {at}. {plural(line.added, 'new play') if line.added else 'Nothing new'}."


def _instant(text: str | None) -> datetime | None:
    if not text or not text.isascii() or not text.isdigit() or len(text) > 14:
        return None
    return clock.from_ms(int(text))
