"""Imports: files that a member brings, what was found in them, the yes, and the way back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO, Any

from flask import (
    Blueprint,
    Response,
    abort,
    flash,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue

from audiospective import clock
from audiospective.clients.storage import MissingError, StorageError
from audiospective.imports import rounds, uploads
from audiospective.imports.choices import AS_IT_STANDS, Choices
from audiospective.imports.errors import RefusedError
from audiospective.imports.findings import Findings
from audiospective.imports.reasons import Reason
from audiospective.imports.sources import SOURCES
from audiospective.imports.uploads import Announced
from audiospective.models.imports import DONE, READING, REVIEW, UPLOADING, WORK, Import
from audiospective.web import security, throttle
from audiospective.web.access import freshly_signed_in, is_fresh, person, signed_in
from audiospective.web.context import services
from audiospective.web.htmx import STOP_POLLING, fragment_of
from audiospective.web.throttle import Limit

blueprint = Blueprint("imports", __name__)

BODY = 512 << 20  # bytes of all files of one form
PIECE = 1 << 20
A_DAY = Limit("imports", 20, 86_400)
WORDS = {
    UPLOADING: "Its files have not all arrived",
    READING: "Reading your files",
    REVIEW: "Waiting for your word",
    "committing": "Adding the plays",
    DONE: "Added",
    "undoing": "Taking it back",
    "undone": "Taken back",
    "failed": "Nothing was added",
    "cancelled": "Discarded",
}
LABELS = {about.name: about.label for about in SOURCES}

security.larger_body("imports.send", BODY)


@blueprint.get("/imports")
@signed_in
def page() -> ResponseReturnValue:
    return render_template(
        "imports/page.html",
        rows=uploads.all_of(person()),
        words=WORDS,
        fresh=is_fresh(),
        limit=BODY >> 20,
    )


@blueprint.get("/imports/new")
@freshly_signed_in
def new() -> ResponseReturnValue:
    """Here a fresh sign-in is asked for, before any file is chosen."""
    return redirect(url_for("imports.page") + "#send", 303)


@blueprint.post("/imports")
@freshly_signed_in
def send() -> ResponseReturnValue:
    user = person()
    throttle.enforce(A_DAY, who=f"member {user.id}")
    sent = [one for one in request.files.getlist("files") if one.filename]
    try:
        row = uploads.begin(user, [Announced(str(one.filename), 0) for one in sent])
    except RefusedError as error:
        flash(error.sentence)
        return redirect(url_for("imports.page"), 303)
    try:
        for number, one in enumerate(sent):
            uploads.take(services(), row, number, _pieces(one.stream))
    except (RefusedError, StorageError) as error:
        rounds.cancel(services(), row)
        flash(getattr(error, "sentence", "Our storage did not take the file. Try again later."))
        return redirect(url_for("imports.page"), 303)
    uploads.complete(services(), row)
    return redirect(url_for("imports.one", import_id=row.id), 303)


@blueprint.get("/imports/<int:import_id>")
@signed_in
def one(import_id: int) -> ResponseReturnValue:
    return render_template("imports/one.html", **_shown(_own(import_id)))


@blueprint.get("/ui/imports/<int:import_id>")
@fragment_of("imports.page")
@signed_in
def watch(import_id: int) -> ResponseReturnValue:
    """How far it is; once a worker is through, the whole page is loaded anew."""
    row = _own(import_id)
    if row.status in WORK:
        return render_template("imports/_progress.html", **_shown(row))
    response = make_response("", STOP_POLLING)
    response.headers["HX-Redirect"] = url_for("imports.one", import_id=row.id)
    return response


@blueprint.post("/imports/<int:import_id>/choices")
@signed_in
def choose(import_id: int) -> ResponseReturnValue:
    row = _own(import_id)
    choices = Choices.loads(row.choices)
    form = request.form
    choices.private = form.get("private") == "on"
    choices.podcasts = form.get("podcasts") == "on"
    choices.audiobooks = form.get("audiobooks") == "on"
    if form.get("others") in ("yes", "no"):
        choices.others = form["others"] == "yes"
    review = Findings.loads(row.findings).review or {}
    for source, shift in review.get("shifts", {}).items():
        answer = form.get(f"clock-{source}")
        if answer == "move":
            minutes = shift["minutes"]
            choices.clocks[source] = shift["zone"] or f"{minutes:+d}"
        elif answer == "keep":
            choices.clocks[source] = AS_IT_STANDS
    return _moved(row, lambda: uploads.choose(services(), row, choices))


@blueprint.post("/imports/<int:import_id>/agree")
@signed_in
def agree(import_id: int) -> ResponseReturnValue:
    row = _own(import_id)
    if _open_questions(row):
        flash("Answer the question first: nothing was added.")
        return redirect(url_for("imports.one", import_id=row.id), 303)
    return _moved(row, lambda: uploads.agree(services(), row))


@blueprint.post("/imports/<int:import_id>/discard")
@signed_in
def discard(import_id: int) -> ResponseReturnValue:
    if rounds.cancel(services(), _own(import_id)):
        flash("Discarded. Nothing of it is kept.")
    return redirect(url_for("imports.page"), 303)


@blueprint.post("/imports/<int:import_id>/undo")
@freshly_signed_in
def undo(import_id: int) -> ResponseReturnValue:
    row = _own(import_id)
    return _moved(row, lambda: uploads.take_back(services(), row))


@blueprint.get("/imports/<int:import_id>/rejected.csv")
@signed_in
def rejected(import_id: int) -> ResponseReturnValue:
    """The rows that could not be read, with the reason."""
    row = _own(import_id)
    from audiospective.imports import report

    try:
        text = report.rejected(services().storage, row)
    except MissingError:
        abort(404)
    response = Response(text, content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="rejected-{row.id}.csv"'
    return response


def _own(import_id: int) -> Import:
    found = uploads.of(person(), import_id)
    if found is None:
        abort(404)
    return found


def _moved(row: Import, step: Any) -> ResponseReturnValue:
    try:
        step()
    except uploads.StaleError:
        flash("It had moved on already; this is how it stands.")
    return redirect(url_for("imports.one", import_id=row.id), 303)


def _open_questions(row: Import) -> bool:
    choices = Choices.loads(row.choices)
    review = Findings.loads(row.findings).review or {}
    if review.get("foreign") and choices.others is None:
        return True
    return any(source not in choices.clocks for source in review.get("shifts", {}))


def _shown(row: Import) -> dict[str, Any]:
    found = Findings.loads(row.findings)
    return {
        "row": row,
        "word": WORDS[row.status],
        "working": row.status in WORK,
        "found": found,
        "review": found.review,
        "sealed": clock.from_ms((found.restore or {})["sealed_at"]) if found.restores else None,
        "choices": Choices.loads(row.choices),
        "asked": row.status == REVIEW and _open_questions(row),
        "labels": LABELS,
        "sentences": {reason.value: reason.sentence for reason in Reason},
    }


def _pieces(stream: IO[bytes]) -> Iterator[bytes]:
    while piece := stream.read(PIECE):
        yield piece
