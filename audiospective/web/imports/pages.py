"""Imports: the list, one import from its files to its report, and what can be downloaded of it."""

from __future__ import annotations

from flask import Blueprint, Response, abort, make_response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from audiospective import log
from audiospective.clients.storage import MissingError, StorageError
from audiospective.imports import personal_fields, unknown_files, uploads
from audiospective.imports.sending import names_of
from audiospective.models.imports import UPLOADING, WORK, Import
from audiospective.policy import import_limits
from audiospective.web.access import freshly_signed_in, is_fresh, person, signed_in
from audiospective.web.context import services
from audiospective.web.htmx import STOP_POLLING, fragment_of
from audiospective.web.imports import one_import, reminder
from audiospective.web.imports.own_import import own_import
from audiospective.web.imports.sending import BODY

blueprint = Blueprint("imports", __name__)


@blueprint.get("/imports")
@signed_in
def page() -> ResponseReturnValue:
    rows = uploads.all_of(person())
    return render_template(
        "imports/page.html",
        rows=rows,
        unfinished=[row for row in rows if row.status == UPLOADING],
        word=one_import.word,
        fresh=is_fresh(),
        most=BODY,
        most_by_script=import_limits.IMPORT_BYTES,
        reminder=reminder.ahead(person()),
        reminder_days=reminder.offered(),
        rules=personal_fields.rules(names_of(person()), unknown_files.ACCOUNT_PARTS),
    )


@blueprint.get("/imports/new")
@freshly_signed_in
def new() -> ResponseReturnValue:
    """Here a fresh sign-in is asked for, before any file is chosen."""
    return redirect(url_for("imports.page") + "#send", 303)


@blueprint.get("/imports/<int:import_id>")
@signed_in
def one(import_id: int) -> ResponseReturnValue:
    return render_template("imports/one.html", **one_import.of(own_import(import_id), person()))


@blueprint.get("/ui/imports/<int:import_id>")
@fragment_of("imports.page")
@signed_in
def watch(import_id: int) -> ResponseReturnValue:
    """How far it is; once a worker is through, the whole page is loaded anew."""
    row = own_import(import_id)
    if row.status in WORK:
        return render_template("imports/_progress.html", **one_import.of(row, person()))
    response = make_response("", STOP_POLLING)
    response.headers["HX-Redirect"] = url_for("imports.one", import_id=row.id)
    return response


@blueprint.get("/imports/<int:import_id>/rejected.csv")
@signed_in
def rejected(import_id: int) -> ResponseReturnValue:
    """The rows that could not be read, with the reason."""
    return _table(own_import(import_id), "rejected")


@blueprint.get("/imports/<int:import_id>/report.csv")
@signed_in
def sheet(import_id: int) -> ResponseReturnValue:
    """What became of the rows of every file."""
    return _table(own_import(import_id), "report")


def _table(row: Import, which: str) -> ResponseReturnValue:
    from audiospective.imports import report  # it loads Polars, which pages must not

    try:
        text = (report.rejected if which == "rejected" else report.balance)(services().storage, row)
    except MissingError:
        abort(404)
    except StorageError as error:
        log.trouble("import_table_not_read", error, number=row.id)
        abort(503)
    response = Response(text, content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="import-{row.id}-{which}.csv"'
    return response
