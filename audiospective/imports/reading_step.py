"""The first thing a worker does for an import: read its files and work out what would change."""

from __future__ import annotations

from functools import partial

from audiospective import clock
from audiospective.imports import (
    apply_import,
    archive,
    covered_gaps,
    kept_result,
    records,
    review,
    scratch,
    staging,
    storing,
)
from audiospective.imports.child import Order
from audiospective.imports.choices import Choices
from audiospective.imports.claims import Claim
from audiospective.imports.errors import NotHistoryError
from audiospective.imports.findings import Findings
from audiospective.imports.kept_result import Result
from audiospective.imports.reading_process import run
from audiospective.imports.restore import bundle_tables, writing
from audiospective.imports.sending import names_of
from audiospective.models import User
from audiospective.models.imports import REVIEW, Import
from audiospective.policy import calendar
from audiospective.services import Services


def read(services: Services, claim: Claim) -> None:
    """Bring the import to its review. Raises RefusedError, AccidentError, LostError."""
    row, choices = claim.row, Choices.loads(claim.row.choices)
    user = User.get_by_id(claim.user_id)
    found = Findings.loads(row.findings)
    if not (found.files and found.answers == choices.answers()):
        found = _read_files(services, claim, user, choices)
    if not (found.plays or found.restores or found.asks):
        raise NotHistoryError(_nothing(found))
    row.findings = found.dumps()
    if found.restores:
        _restorable(services, claim, found)
        return
    staged = records.staged(services.storage, row)
    claim.beat(sum(file.rows for file in found.files))
    snapshot, before = archive.opened(claim.user_id)
    restores = writing.restores(claim.user_id)
    worked = apply_import.apply(
        before,
        staged,
        choices,
        claim.id,
        zone=calendar.usable(user.timezone),
        restores=restores,
    )
    claim.beat(sum(file.rows for file in found.files))
    told = review.of(claim.user_id, before, staged, worked)
    found.review = told.as_dict()
    records.put_sheet(services.storage, row, worked.sheet, services.settings.home)
    if not found.asks:
        claim.beat(told.total.rows)
        storing.drop_files(services.storage, row)
    claim.beat(told.total.rows)
    made_of = kept_result.mark(row, snapshot, before, staged.tracks, restores)
    result = Result(worked.frames.plays, covered_gaps.ends_of_days(worked.covered))
    until = worked.until
    del staged, worked, before, snapshot  # of a million rows they are large
    kept_result.put(services.storage, row, made_of, result, services.settings.home)
    claim.end(
        REVIEW,
        {
            "findings": found.dumps(),
            "rows": told.total.rows,
            "first_at": told.first_at,
            "last_at": until,
            "kept_bytes": storing.weight(services.storage, row),
        },
    )


def _read_files(services: Services, claim: Claim, user: User, choices: Choices) -> Findings:
    with scratch.folder(services.settings.home, "sent", "unpacked", "tables") as folder:
        with storing.files(services.storage, claim.row, folder / "sent", claim.beat) as uploads:
            claim.beat()
            order = Order(
                uploads,
                str(folder / "unpacked"),
                str(folder / "tables"),
                {"now": clock.to_ms(clock.now()), "names": names_of(user), **choices.answers()},
                restore=writing.possible(user.id),
            )
            found = run(order, claim.beat)
        found.answers = choices.answers()
        parts = (
            bundle_tables.OUT if found.restores else [f"{name}.parquet" for name in staging.TABLES]
        )
        read = sum(file.rows for file in found.files)
        tell = partial(claim.beat, read)
        records.put_files(services.storage, claim.row, folder / "tables", parts, tell)
    # Kept at once: if this worker dies now, the next one need not read again.
    Import.update(findings=found.dumps()).where(
        (Import.id == claim.id) & (Import.fence == claim.row.fence)
    ).execute()
    return found


def _restorable(services: Services, claim: Claim, found: Findings) -> None:
    """A bundle: what it brings back is known already."""
    (file,) = found.files
    storing.drop_files(services.storage, claim.row)
    claim.end(
        REVIEW,
        {
            "findings": found.dumps(),
            "rows": file.rows,
            "first_at": None if file.first_at is None else clock.from_ms(file.first_at),
            "last_at": None if file.last_at is None else clock.from_ms(file.last_at),
            "kept_bytes": storing.weight(services.storage, claim.row),
        },
    )


def _nothing(found: Findings) -> str:
    """One sentence for an import without a single play."""
    told = [file.sentence for file in found.files if file.sentence]
    if len(told) == 1:
        return told[0]
    if told:
        return f"There is no listening history in these files. The first: {told[0]}"
    return "There is not one play in these files."
