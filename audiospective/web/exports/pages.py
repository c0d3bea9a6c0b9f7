"""Exports: the bundle or one format, the shelf of what was made, and the way to fetch it."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from typing import BinaryIO

from flask import (
    Blueprint,
    Response,
    abort,
    flash,
    g,
    make_response,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask.typing import ResponseReturnValue

from audiospective import clock, history
from audiospective.clients.storage import Download, StorageError
from audiospective.exports import bundle_size, descriptions, export_requests, links
from audiospective.models import User
from audiospective.models.exports import EXPIRED, READY, UNFINISHED, Export
from audiospective.policy import export_rules, in_words
from audiospective.web import throttle
from audiospective.web.access import freshly_signed_in, person, signed_in
from audiospective.web.context import services
from audiospective.web.htmx import STOP_POLLING, fragment_of
from audiospective.web.long_bodies import Turns
from audiospective.web.throttle import Limit

blueprint = Blueprint("exports", __name__)

BOUND_TO = "exports"  # in the session: a random text that links to files are bound to
EAGER = timedelta(seconds=10)
CHUNK = 1 << 20
A_DAY = Limit("exports", 30, 86_400)
DOWNLOADS = Turns(above=0, at_once=8, of_one=2)  # each holds a thread for as long as it is read
TYPES = {"zip": "application/zip", "csv": "text/csv", "json": "application/json"}


@blueprint.get("/exports")
@signed_in
def page() -> ResponseReturnValue:
    user = person()
    return render_template(
        "exports/page.html",
        plays=(plays := history.total(user.id)),
        about=in_words.size(bundle_size.estimated(plays)),
        formats=descriptions.FORMATS,
        shelf=[_shown(export, user) for export in export_requests.of(user.id)],
        kept=export_rules.KEPT.days,
        a_day=A_DAY.count,
        tells_by_mail=bool(user.email_verified_at),
    )


@blueprint.post("/exports")
@freshly_signed_in
def ask() -> ResponseReturnValue:
    form = descriptions.by_name(request.form.get("format", ""))
    if form is None:
        abort(400)
    throttle.enforce(A_DAY, who=f"member {person().id}")
    compatible = form.compatible and request.form.get("compatible") == "on"
    _, new = export_requests.ask(services(), person(), form.name, compatible=compatible)
    if not new:
        flash("One export is being made already. Cancel it, or wait until it is ready.")
    return redirect(url_for("exports.page") + "#shelf", 303)


@blueprint.get("/ui/exports/<int:export_id>")
@fragment_of("exports.page")
@signed_in
def watch(export_id: int) -> ResponseReturnValue:
    """The line of one export; the last answer ends the asking."""
    line = _shown(_own(export_id), person())
    body = render_template("exports/_state_update.html", line=line)
    return make_response(body, 200 if line["unfinished"] else STOP_POLLING)


@blueprint.post("/exports/<int:export_id>/cancel")
@signed_in
def cancel(export_id: int) -> ResponseReturnValue:
    _own(export_id)
    if export_requests.cancel(person().id, export_id):
        flash("Cancelled. Nothing of it is kept.")
    return redirect(url_for("exports.page") + "#shelf", 303)


@blueprint.post("/exports/<int:export_id>/delete")
@signed_in
def throw_away(export_id: int) -> ResponseReturnValue:
    _own(export_id)
    try:
        if export_requests.throw_away(services(), person().id, export_id):
            flash("Deleted. You can make it again at any time.")
    except StorageError:
        flash("Our storage does not answer, so it is still here. Try again in a few minutes.")
    return redirect(url_for("exports.page") + "#shelf", 303)


@blueprint.get("/exports/<int:export_id>/file")
@freshly_signed_in
def file(export_id: int) -> ResponseReturnValue:
    """The file itself, for whoever has a living link of this very session."""
    user, export = person(), _own(export_id)
    token = request.args.get("key", "")
    if not links.good(services().settings, token, export, user, session.get(BOUND_TO, "")):
        flash("That link has ended: each is good for ten minutes. Here is a new one.")
        return redirect(url_for("exports.page") + "#shelf", 303)
    try:
        return _sent(export)
    except StorageError:
        flash("Our storage does not answer. Nothing is lost; try again in a few minutes.")
        return redirect(url_for("exports.page") + "#shelf", 303)


def _sent(export: Export) -> ResponseReturnValue:
    kind = TYPES.get(export.file_name.rpartition(".")[2], "application/octet-stream")
    download = Download(export.file_name, kind, export_rules.HAND_OVER // timedelta(seconds=1))
    elsewhere = services().storage.link(export.key, download)
    if elsewhere is not None:  # the bucket itself gives it, to whoever follows at once
        response = redirect(elsewhere, 303)
        response.headers["Cache-Control"] = "private, no-store"
        response.headers["Referrer-Policy"] = "no-referrer"
        return response
    if not DOWNLOADS.take(export.user_id):
        flash("Other files are being fetched just now. Try again in a minute.")
        return redirect(url_for("exports.page") + "#shelf", 303)
    with ExitStack() as opened:
        opened.callback(DOWNLOADS.give_back, export.user_id)
        content = opened.enter_context(services().storage.open(export.key))
        g.download = held = opened.pop_all()
    response = Response(_pieces(content, held), content_type=kind, direct_passthrough=True)
    response.headers["Content-Length"] = str(export.size)
    response.headers["Content-Disposition"] = f'attachment; filename="{export.file_name}"'
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.call_on_close(held.close)
    return response


@blueprint.teardown_request
def end_download(error: BaseException | None) -> None:
    """Where another answer takes the place of the file, nobody closes that of the file."""
    held = g.pop("download", None)
    if held is not None and error is not None:
        held.close()


def _pieces(content: BinaryIO, held: ExitStack) -> Iterator[bytes]:
    with held:
        while piece := content.read(CHUNK):
            yield piece


def _own(export_id: int) -> Export:
    found = export_requests.one(person().id, export_id)
    if found is None:
        abort(404)
    return found


def _shown(export: Export, user: User) -> dict[str, object]:
    """What the shelf says of one export; a link to its file if there is one."""
    described = descriptions.by_name(export.form)
    href = None
    status = EXPIRED if export.is_over else export.status
    if status == READY:
        secret = session.setdefault(BOUND_TO, secrets.token_urlsafe(24))
        token = links.sign(services().settings, export, user, secret)
        href = url_for("exports.file", export_id=export.id, key=token)
    again = {"format": export.form} | ({"compatible": "on"} if export.compatible else {})
    return {
        "export": export,
        "title": described.title if described else export.form,
        "state": export_rules.shown(status, export.done, export.total),
        "href": href,
        "size": in_words.size(export.size),
        "unfinished": export.status in UNFINISHED,
        "ahead": export_requests.waiting_ahead(export),
        "seconds": 1 if clock.now() - export.created_at < EAGER else 4,
        "again": again,
    }
