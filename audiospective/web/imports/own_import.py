"""Which import an address means: one of the member who is signed in."""

from __future__ import annotations

from flask import abort

from audiospective.imports import uploads
from audiospective.models.imports import Import
from audiospective.web.access import person


def own_import(import_id: int) -> Import:
    """The member's import of this number; 404 where it is somebody else's or none."""
    found = uploads.of(person(), import_id)
    if found is None:
        abort(404)
    return found
