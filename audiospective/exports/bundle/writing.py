"""Writes a bundle: every format, the page, what a restore needs, and the checksums of all of it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from audiospective.exports import files
from audiospective.exports.bundle import completeness, counting, page, readme, state, zipping
from audiospective.exports.bundle.completeness import Known
from audiospective.exports.bundle.zipping import Adding, File, Zip
from audiospective.exports.formats import FORMATS
from audiospective.exports.formats.base import Format, slug
from audiospective.exports.formats.changes import Changes
from audiospective.exports.snapshot import Snapshot
from audiospective.models import User

# The formats that are the archive itself; the others come in the form that other programs take.
OWN = {
    "csv": "every play, for a spreadsheet",
    "json": "every play, for programs",
    "parquet": "every play with everything known, for analysis",
}
LAST = "page"  # the step after all formats
STEPS = (*FORMATS, LAST)


def name(snapshot: Snapshot) -> str:
    """What a bundle's folder and zip are called."""
    return f"audiospective-{slug(snapshot.owner.name)}-{snapshot.taken_at:%Y-%m-%d}"


@dataclass(frozen=True)
class Bundle:
    """A bundle that is being written into `folder`, one step after the other.

    Without `statistics` the page shows plays and gaps only. Up to `inside` plays stand in the page
    itself, more than that in files beside it.
    """

    user: User
    snapshot: Snapshot
    folder: Path
    statistics: bool
    inside: int = page.INSIDE

    @property
    def path(self) -> Path:
        return self.folder / f"{name(self.snapshot)}.zip"

    def advance(self) -> bool:
        """Take the next step; False if there was none left. Picks up where it was left."""
        zipped = Zip.resume(self.path, self.snapshot.taken_at.timetuple()[:6])
        step = next((one for one in STEPS if one not in zipped.steps), None)
        if step is None:
            return False
        with zipped.step(step) as adding:
            if step == LAST:
                self._finish(adding, zipped.files)
            elif step in OWN:
                for part in FORMATS[step].parts(self.snapshot, None):
                    adding.add(f"archive/{part.path}", OWN[step], part.write)
            else:
                self._for_others(adding, FORMATS[step])
        return True

    def _for_others(self, adding: Adding, form: Format) -> None:
        """What other programs read, in the form they take, with its list of changes."""
        where, words = f"other-programs/{form.name}", f"for {form.about.readers}"
        if form.zipped:
            made = files.save(form, self.snapshot, self.folder, compatible=True)
            adding.add(f"{where}/{made.name}", words, zipping.copy(made))
            made.unlink()
            return
        changes = Changes(self.folder)
        for part in form.parts(self.snapshot, changes):
            adding.add(f"{where}/{part.path}", words, part.write)
        adding.add(f"{where}/{changes.path.name}", "what that form changed", changes.write)

    def _finish(self, adding: Adding, before: list[File]) -> None:
        """What speaks of the other files, or of more than plays."""
        snapshot = self.snapshot
        known = completeness.known(snapshot)
        adding.add(
            "archive/gaps.csv", "what could not be seen, and why", zipping.text(_gaps(known))
        )
        adding.add(
            "restore/state.json",
            "settings, coverage and gaps",
            zipping.body(state.document(self.user, snapshot, known)),
        )
        adding.add(
            "restore/tracks.parquet",
            "what the numbers of tracks stand for",
            zipping.body(state.tracks(self.user.id, snapshot)),
        )
        adding.add(
            "restore/removed.parquet",
            "plays that you deleted",
            zipping.body(state.removed(snapshot)),
        )
        listed = [*before, *adding.files]
        pieces, data = page.render(
            snapshot,
            known,
            listed,
            statistics=self.statistics,
            limit=self.inside,
            counted=counting.of(self.user),
        )
        opens = "this archive as a page; open it with a double click"
        adding.add("index.html", opens, zipping.text(pieces))
        for path, _, content in data.beside:
            adding.add(path, "a year of plays, for the page", zipping.text([content]))
        said = readme.text(snapshot, known, [*before, *adding.files])
        adding.add("README.txt", "what each file is", zipping.text([said]))
        sums = "".join(f"{file.sha256}  {file.path}\n" for file in [*before, *adding.files])
        adding.add("SHA256SUMS", "", zipping.text([sums]))


def write(
    user: User, snapshot: Snapshot, folder: Path, *, statistics: bool, inside: int = page.INSIDE
) -> Path:
    """Write somebody's whole bundle into `folder`; returns the zip."""
    bundle = Bundle(user, snapshot, folder, statistics, inside)
    while bundle.advance():
        pass
    return bundle.path


def _gaps(known: Known) -> Iterable[str]:
    out = io.StringIO()
    table = csv.writer(out)
    table.writerow(("from", "to", "why", "certainty", "closed_at", "plays_found"))
    for gap in known.shown:
        start, end, closed = (
            f"{instant:%Y-%m-%dT%H:%M:%SZ}" if instant else ""
            for instant in (gap.started_at, gap.ended_at, gap.closed_at)
        )
        why = completeness.cause(gap)
        table.writerow((start, end, why, gap.certainty, closed, gap.recovered))
    yield "\ufeff" + out.getvalue()
