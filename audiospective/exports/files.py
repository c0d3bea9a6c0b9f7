"""Writes an export as one file: the format's own file, or a zip where there are several."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from audiospective.exports.formats import changes as kinds
from audiospective.exports.formats.base import Format, Part
from audiospective.exports.formats.changes import Changes
from audiospective.exports.snapshot import Snapshot

LEVEL = 3  # of deflate: half the time of the usual 6, a few percent larger


def save(form: Format, snapshot: Snapshot, folder: Path, *, compatible: bool) -> Path:
    """Write one export into `folder`; returns its file. A compatible one holds its changes too.

    Raises ValueError where a format has no compatible form; whatever `snapshot.tick` raises ends
    it and leaves half a file behind, which is the caller's to remove.
    """
    if compatible and not form.about.compatible:
        raise ValueError(f"{form.name} has no compatible form")
    changes = Changes(folder) if compatible else None
    parts = form.parts(snapshot, changes)
    name = form.file_name(snapshot)
    if form.zipped or changes is not None:
        path = (folder / name).with_suffix(".zip")
        with ZipFile(path, "w", ZIP_DEFLATED, compresslevel=LEVEL) as archive:
            put(archive, parts, snapshot)
            if changes is not None:
                put(archive, [Part(kinds.FILE_NAME, changes.write)], snapshot)
        return path
    (part,) = parts
    path = folder / name
    with path.open("wb") as file:
        part.write(file)
    return path


def put(archive: ZipFile, parts: Iterable[Part], snapshot: Snapshot, folder: str = "") -> None:
    """Add files to a zip, dated when the snapshot was taken."""
    for part in parts:
        entry = ZipInfo(folder + part.path, snapshot.taken_at.timetuple()[:6])
        entry.compress_type = archive.compression
        entry.external_attr = 0o644 << 16
        with archive.open(entry, "w", force_zip64=True) as file:
            part.write(file)
