"""A member's word on an import: answers, choices, yes, no, and back."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from audiospective.accounts.time_zone import zones
from audiospective.clients.storage import StorageError
from audiospective.imports import rounds, uploads
from audiospective.imports.choices import AS_IT_STANDS, Choices
from audiospective.imports.findings import Findings
from audiospective.imports.questions import unanswered
from audiospective.imports.sources import csv_columns
from audiospective.models.imports import Import
from audiospective.web import throttle
from audiospective.web.access import freshly_signed_in, signed_in
from audiospective.web.context import services
from audiospective.web.imports.own_import import own_import
from audiospective.web.throttle import Limit

blueprint = Blueprint("answering", __name__)

CHANGES = Limit("import choices", 100, 86_400)  # after each a worker reads all files again
OFTEN = (
    "You have changed this very often today. Take it as it is, discard it, or come back tomorrow."
)


@blueprint.post("/imports/<int:import_id>/choices")
@signed_in
def choose(import_id: int) -> ResponseReturnValue:
    """What is added, and what the review asked."""
    row = own_import(import_id)
    choices = Choices.loads(row.choices)
    form = request.form
    choices.private = form.get("private") == "on"
    choices.podcasts = form.get("podcasts") == "on"
    choices.audiobooks = form.get("audiobooks") == "on"
    if form.get("others") in ("yes", "no"):
        choices.others = form["others"] == "yes"
    told = Findings.loads(row.findings).review or {}
    for source, shift in told.get("shifts", {}).items():
        answer = form.get(f"clock-{source}")
        if answer == "move":
            choices.clocks[source] = shift["zone"] or f"{shift['minutes']:+d}"
        elif answer == "keep":
            choices.clocks[source] = AS_IT_STANDS
    return _read_again(row, choices)


@blueprint.post("/imports/<int:import_id>/answers")
@signed_in
def answer(import_id: int) -> ResponseReturnValue:
    """What only the person knows of a file: zone, order of day and month, whose plays, columns."""
    row = own_import(import_id)
    choices, found, form = Choices.loads(row.choices), Findings.loads(row.findings), request.form
    if form.get("zone") in zones():
        choices.zone = form["zone"]
    if form.get("day_first") in ("day", "month"):
        choices.day_first = form["day_first"] == "day"
    people = {one for file in found.files for asked in file.questions
              if asked["kind"] == "person" for one in asked["choices"]}  # fmt: skip
    if form.get("person") in people:
        choices.person = form["person"]
    for file in found.files:
        if file.columns and f"started_at-{file.number}" in form:
            choices.mapping[file.name] = _mapping(file.number, file.columns, file.mapping)
    return _read_again(row, choices)


def _mapping(number: int, columns: list[str], before: dict[str, str]) -> dict[str, str]:
    """Our field -> the file's column, of one file; what the form does not show stays as it was."""
    form = request.form
    found = {name: column for name, column in before.items() if f"{name}-{number}" not in form}
    for name in ("started_at", "ended_at"):
        found.pop(name, None)
    ends = form.get(f"ends-{number}") == "yes"
    for name in csv_columns.FIELDS:
        column = form.get(f"{name}-{number}", "")
        if column in columns:
            found["ended_at" if name == "started_at" and ends else name] = column
    return found


@blueprint.post("/imports/<int:import_id>/agree")
@signed_in
def agree(import_id: int) -> ResponseReturnValue:
    row = own_import(import_id)
    if unanswered(Findings.loads(row.findings), Choices.loads(row.choices)):
        flash("Answer the question first: nothing was added.", "refused")
        return redirect(url_for("imports.one", import_id=row.id), 303)
    return _moved(row, lambda: uploads.agree(services(), row))


@blueprint.post("/imports/<int:import_id>/discard")
@signed_in
def discard(import_id: int) -> ResponseReturnValue:
    try:
        if rounds.cancel(services(), own_import(import_id)):
            flash("Discarded. Nothing of it is kept.")
    except StorageError:  # a round empties it
        flash("Discarded. Its files are deleted as soon as our storage answers again.")
    return redirect(url_for("imports.page"), 303)


@blueprint.post("/imports/<int:import_id>/undo")
@freshly_signed_in
def undo(import_id: int) -> ResponseReturnValue:
    row = own_import(import_id)
    return _moved(row, lambda: uploads.take_back(services(), row))


def _read_again(row: Import, choices: Choices) -> ResponseReturnValue:
    if throttle.spend(CHANGES, who=f"member {row.user_id}"):
        flash(OFTEN, "refused")
        return redirect(url_for("imports.one", import_id=row.id), 303)
    return _moved(row, lambda: uploads.choose(services(), row, choices))


def _moved(row: Import, step: Callable[[], None]) -> ResponseReturnValue:
    try:
        step()
    except uploads.StaleError:
        flash("This import has gone on meanwhile. This is how it stands now.", "refused")
    return redirect(url_for("imports.one", import_id=row.id), 303)
