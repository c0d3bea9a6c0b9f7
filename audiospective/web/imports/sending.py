"""Taking files in: whole from a form, or in pieces that go on after a dropped line."""

from __future__ import annotations

import errno
import shutil
from pathlib import Path

from flask import Blueprint, Response, abort, flash, jsonify, redirect, request, url_for
from flask.typing import ResponseReturnValue

from audiospective.clients.storage import StorageError
from audiospective.imports import disk_room, scratch, sending, uploads
from audiospective.imports.errors import RefusedError
from audiospective.imports.uploads import Announced
from audiospective.models.imports import Import
from audiospective.policy.import_limits import CHUNK_BYTES, IMPORT_BYTES, STRIP_SECONDS
from audiospective.web import security, throttle
from audiospective.web.access import freshly_signed_in, person, signed_in
from audiospective.web.context import services
from audiospective.web.imports.own_import import own_import
from audiospective.web.throttle import Limit

blueprint = Blueprint("sending", __name__)

BODY = 512 << 20  # bytes of all files of one form
A_DAY = Limit("imports", 20, 86_400)
AWAY = "Our storage did not take the file. Try again later."
NO_ROOM = "There is not enough room here for files of this size at present."

security.larger_body("sending.form", BODY)
security.larger_body("sending.piece", CHUNK_BYTES)


@blueprint.errorhandler(StorageError)
def not_taken(_error: Exception) -> ResponseReturnValue:
    """Also where a form's body is read, which comes before its view."""
    if request.endpoint != "sending.form":
        return _plain(AWAY, 503)
    flash(AWAY, "refused")
    return redirect(url_for("imports.page"), 303)


@blueprint.errorhandler(OSError)
def not_written(error: OSError) -> ResponseReturnValue:
    """The disk took no more of what came."""
    if error.errno not in (errno.ENOSPC, errno.EDQUOT):
        raise error
    return not_taken(error)


@blueprint.post("/imports")
@freshly_signed_in
def form() -> ResponseReturnValue:
    """All files at once. The server takes out what is personal before it keeps anything."""
    user = person()
    throttle.enforce(A_DAY, who=f"member {user.id}")
    sent = [one for one in request.files.getlist("files") if one.filename]
    try:
        with scratch.folder(services().settings.home) as folder:
            files = []
            for number, one in enumerate(sent):
                path = Path(folder) / str(number)
                with path.open("wb") as target:
                    shutil.copyfileobj(one.stream, target)
                files.append((path, str(one.filename)))
            row = sending.send(services(), user, files, seconds=STRIP_SECONDS)
    except RefusedError as error:
        flash(error.sentence, "refused")
        return redirect(url_for("imports.page"), 303)
    return redirect(url_for("imports.one", import_id=row.id), 303)


@blueprint.post("/imports/uploads")
@freshly_signed_in
def announce() -> ResponseReturnValue:
    """Files whose pieces will follow; where an earlier upload of just these stopped, it goes on."""
    user = person()
    try:
        sizes = [int(one) for one in request.form.getlist("size")]
        told = zip(request.form.getlist("name"), sizes, request.form.getlist("stamp"), strict=True)
        files = [Announced(name, size, stamp.replace("\0", "")[:60]) for name, size, stamp in told]
    except ValueError:
        abort(400)
    if any(size < 0 for size in sizes):
        abort(400)
    row = uploads.unfinished(user, files)
    if row is None:
        coming = min(sum(sizes), IMPORT_BYTES)  # more is refused in other words
        try:
            disk_room.require_in(services().storage, disk_room.OF_PIECES * coming)
        except StorageError:  # no dropped line, after which a page would try again by itself
            return _plain(NO_ROOM, 422)
        throttle.enforce(A_DAY, who=f"member {user.id}")
        try:
            row = uploads.begin(user, files)
        except RefusedError as error:
            return _plain(error.sentence, 422)
    there = sorted(row.files, key=lambda file: file.number)
    return jsonify(
        piece=CHUNK_BYTES,
        files=[{"received": one.received, "url": _piece_of(row, one.number)} for one in there],
        arrived=url_for("sending.arrived", import_id=row.id),
        discard=url_for("answering.discard", import_id=row.id),
    )


@blueprint.post("/imports/<int:import_id>/files/<int:number>")
@signed_in
def piece(import_id: int, number: int) -> ResponseReturnValue:
    """A piece of a file, the body as it is; the answer is how many bytes have arrived."""
    offset = request.args.get("offset", type=int)
    if offset is None or offset < 0:
        abort(400)
    try:
        received = uploads.receive(
            services(), own_import(import_id), number, offset, request.get_data(cache=False)
        )
    except uploads.StaleError:
        return _plain("This upload has ended. Reload the page to see how it stands.", 409)
    except RefusedError as error:
        return _plain(error.sentence, 422)
    return jsonify(received=received)


@blueprint.post("/imports/<int:import_id>/arrived")
@signed_in
def arrived(import_id: int) -> ResponseReturnValue:
    """All pieces have been sent."""
    row = own_import(import_id)
    if not uploads.complete(services(), row):
        return _plain("A part of the files is missing. Choose them again to go on.", 409)
    return jsonify(url=url_for("imports.one", import_id=row.id))


def _piece_of(row: Import, number: int) -> str:
    return url_for("sending.piece", import_id=row.id, number=number)


def _plain(words: str, status: int) -> Response:
    return Response(words, status, content_type="text/plain; charset=utf-8")
