"""The balance sheet of an import: where every row went, by file and in all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import polars as pl

from audiospective.imports.apply_import import ADDED, MATCHED, REJECTED, SKIPPED
from audiospective.imports.findings import Findings


class UnbalancedError(Exception):
    """Rows were lost or counted twice: the import must not be called done."""


@dataclass
class Sums:
    """`skipped` and `rejected` by reason."""

    rows: int = 0
    added: int = 0
    matched: int = 0
    skipped: dict[str, int] = field(default_factory=dict)
    rejected: dict[str, int] = field(default_factory=dict)

    @property
    def all_skipped(self) -> int:
        return sum(self.skipped.values())

    @property
    def all_rejected(self) -> int:
        return sum(self.rejected.values())

    @property
    def accounted(self) -> int:
        """Rows that went somewhere; the sheet balances if these are all."""
        return self.added + self.matched + self.all_skipped + self.all_rejected

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def by_file(sheet: pl.DataFrame, findings: Findings) -> dict[int, Sums]:
    """Sums for every file that has rows; raises UnbalancedError."""
    key = pl.col("file").cast(pl.Int64) * (1 << 32) + pl.col("row")
    keys = sheet.select(key.alias("key"))["key"].sort()
    if (keys == keys.shift(1)).any():
        raise UnbalancedError("a row is counted twice")
    del keys
    found = {file.number: Sums(rows=file.rows) for file in findings.files if file.rows}
    counted = sheet.group_by("file", "bin", "reason").len().sort("file", "bin", "reason")
    for number, which, reason, rows in counted.with_columns(
        pl.col("bin", "reason").cast(pl.String)
    ).rows():
        if number not in found:
            raise UnbalancedError(f"file {number} has rows that nobody read")
        _add(found[number], which, reason, rows)
    for number, sums in found.items():
        if sums.rows != sums.accounted:
            raise UnbalancedError(
                f"of {sums.rows} rows of file {number} {sums.accounted} are accounted for"
            )
    return found


def total(sums: Mapping[Any, Sums]) -> Sums:
    """Of all files together."""
    whole = Sums()
    for one in sums.values():
        whole.rows += one.rows
        _add(whole, ADDED, None, one.added)
        _add(whole, MATCHED, None, one.matched)
        for reason, rows in one.skipped.items():
            _add(whole, SKIPPED, reason, rows)
        for reason, rows in one.rejected.items():
            _add(whole, REJECTED, reason, rows)
    return whole


def _add(sums: Sums, which: str, reason: str | None, rows: int) -> None:
    if which == ADDED:
        sums.added += rows
    elif which == MATCHED:
        sums.matched += rows
    else:
        reasons = sums.skipped if which == SKIPPED else sums.rejected
        reasons[str(reason)] = reasons.get(str(reason), 0) + rows
