"""The rows of an import that could not be read, as a table for spreadsheets."""

from __future__ import annotations

import csv
import io

import polars as pl

from audiospective.clients.storage import Storage
from audiospective.imports import records
from audiospective.imports.findings import Findings
from audiospective.imports.reasons import Reason
from audiospective.models.imports import Import

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def rejected(storage: Storage, row: Import) -> str:
    """CSV of file, row, reason and the row itself; raises MissingError."""
    names = {file.number: file.name for file in Findings.loads(row.findings).files}
    table = records.table(storage, row, "left_out").filter(pl.col("raw").is_not_null())
    target = io.StringIO()
    writer = csv.writer(target)
    writer.writerow(["file", "row", "reason", "content"])
    for number, place, reason, raw in table.with_columns(pl.col("reason").cast(pl.String)).rows():
        words = Reason(reason).sentence
        writer.writerow([_plain(names.get(number, "")), place, words, _plain(raw)])
    return target.getvalue()


def _plain(text: str) -> str:
    """No program may take it for a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text
