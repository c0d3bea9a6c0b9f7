"""Files of one archive that tell of the same plays: an export of this project in several forms."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

OWN = "audiospective"
_ROLES = ("parquet", "list", "table")  # the one that keeps the most first


class Recognised(NamedTuple):
    number: int
    name: str  # the archive is its first folder
    source: str
    role: str


def doubled(files: Iterable[Recognised]) -> dict[int, str]:
    """Numbers of files that are left out, with a sentence.

    Beside this project's own form of the plays everything else in the archive is a copy of it for
    other programs.
    """
    left_out: dict[int, str] = {}
    archives: dict[str, list[Recognised]] = {}
    for file in files:
        folder, slash, _ = file.name.partition("/")
        if slash:
            archives.setdefault(folder, []).append(file)
    for together in archives.values():
        # Spotify's form is of several files, and others of Spotify's may lie beside them.
        own = [file for file in together if file.source == OWN and file.role in _ROLES]
        if own:
            best = min(own, key=lambda file: _ROLES.index(file.role))
            name = best.name.rpartition("/")[2]
            sentence = f"A copy of the plays in {name}, which is read instead."
            left_out |= {file.number: sentence for file in together if file is not best}
    return left_out
