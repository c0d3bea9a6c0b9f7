"""What became of the rows of an import, and those that could not be read, for spreadsheets."""

from __future__ import annotations

import csv
import io
import re

import polars as pl

from audiospective.clients.storage import MissingError, Storage
from audiospective.imports import reasons, records, storing
from audiospective.imports.findings import Findings
from audiospective.imports.review import Review
from audiospective.models.imports import Import
from audiospective.policy.spreadsheets import PLAIN

_RISKY = re.compile(PLAIN)


def rejected(storage: Storage, row: Import) -> str:
    """CSV of file, row, reason and the row itself; raises MissingError."""
    names = {file.number: file.name for file in Findings.loads(row.findings).files}
    table = records.table(storage, row, "left_out").filter(pl.col("raw").is_not_null())
    target = io.StringIO()
    writer = csv.writer(target)
    writer.writerow(["file", "row", "reason", "content"])
    for number, place, reason, raw in table.with_columns(pl.col("reason").cast(pl.String)).rows():
        words = reasons.sentence(reason)
        writer.writerow([_plain(names.get(number, "")), place, words, _plain(raw)])
    return target.getvalue()


def balance(storage: Storage, row: Import) -> str:
    """CSV of file, what became of its rows, why, and how many; raises MissingError.

    Each file ends with its number of rows; the lines above it add up to that.
    """
    found = Findings.loads(row.findings)
    if found.review is None:
        raise MissingError(storing.home(row))
    sums = Review.from_dict(found.review).files
    target = io.StringIO()
    writer = csv.writer(target)
    writer.writerow(["file", "source", "became", "reason", "rows"])
    for file in found.files:
        named = (_plain(file.name), file.source or "")
        if file.number not in sums:
            writer.writerow([*named, "not read", _plain(file.sentence or ""), 0])
            continue
        one = sums[file.number]
        writer.writerow([*named, "added", "", one.added])
        writer.writerow([*named, "matched", "", one.matched])
        for became, counts in (("left out", one.skipped), ("rejected", one.rejected)):
            for reason, rows in sorted(counts.items()):
                writer.writerow([*named, became, reasons.sentence(reason), rows])
        writer.writerow([*named, "all", "", one.rows])
    return target.getvalue()


def _plain(text: str) -> str:
    """No program may take it for a formula, a date or another number."""
    return f"'{text}" if _RISKY.match(text) else text
