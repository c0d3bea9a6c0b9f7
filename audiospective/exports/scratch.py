"""A folder of this machine for an export that is being made; it outlives a turn, not the export."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from audiospective.models.exports import UNFINISHED, Export
from audiospective.settings import Settings

FOLDER = "exports-being-made"


def folder(settings: Settings, export_id: int) -> Path:
    """The folder of one export, for the owner of the process alone."""
    found = settings.home / FOLDER / str(export_id)
    found.mkdir(parents=True, exist_ok=True, mode=0o700)
    return found


def clear(settings: Settings, export_id: int) -> None:
    """Delete the folder of one export."""
    shutil.rmtree(settings.home / FOLDER / str(export_id), ignore_errors=True)


def sweep(settings: Settings) -> int:
    """Delete what killed workers left of exports that are over; how many folders."""
    top = settings.home / FOLDER
    found = [int(one.name) for one in top.glob("*") if re.fullmatch(r"\d{1,9}", one.name)]
    alive = Export.select(Export.id).where(Export.id.in_(found) & Export.status.in_(UNFINISHED))
    left = set(found) - {export_id for (export_id,) in alive.tuples()}
    for export_id in left:
        clear(settings, export_id)
    return len(left)
