"""Rows of JSON objects of one shape, of which only the fields that are asked for become objects.

That is several times as fast as a dictionary for each row. What does not fit the shape is for the
caller to read another way.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from itertools import count
from operator import attrgetter
from typing import Any

import msgspec
import polars as pl

_TYPES: dict[Any, Any] = {pl.String(): str, pl.Float64(): float, pl.Boolean(): bool}
_FAULTS = (msgspec.MsgspecError, RecursionError, UnicodeDecodeError)
Rows = Sequence[Any]
# A few rows of the first texts are held, so that Python keeps the memory that all of them took for
# those of the next: it gives back only what is wholly free, and asking anew takes a tenth of the
# time.
_TIMES, _EVERY = 4, 250


class TypedRows:
    """`schema` has String, Float64 and Boolean; every field may be missing or null."""

    def __init__(self, schema: pl.Schema) -> None:
        self._schema = schema
        fields = [(name, _TYPES[kind] | None, None) for name, kind in schema.items()]
        self._row = msgspec.defstruct("Row", fields, gc=False)
        self._held: list[Rows] = []
        self._decoder = msgspec.json.Decoder(list[self._row])  # type: ignore[name-defined]

    def decode(self, text: bytes) -> Rows:
        """The array `text`; raises ValueError for what is no JSON or holds a value of another type.

        Fields that nobody asks for are passed over, with less strictness than the others.
        """
        try:
            rows: Rows = self._decoder.decode(text)
        except _FAULTS as error:
            raise ValueError(str(error)) from None
        if len(self._held) < _TIMES:
            self._held.append(rows[::_EVERY])
        return rows

    def row(self, values: Mapping[str, Any]) -> Any:
        """A row of values that fit."""
        return self._row(**values)

    def columns(self, rows: Rows, names: Collection[str]) -> pl.DataFrame:
        """Some of the fields as columns."""
        return pl.DataFrame(
            [pl.Series(name, list(map(attrgetter(name), rows)), self._schema[name])
             for name in names]
        )  # fmt: skip

    def distinct(self, rows: Rows, names: Sequence[str]) -> tuple[pl.Series, pl.DataFrame]:
        """Some of the fields together, each combination once; and the place of every row's.

        For many combinations. A text that is empty in all rows is unknown.
        """
        there = [name for name in names if any(map(attrgetter(name), rows))] or names[:1]
        told = self.columns(rows, there)
        once = told.unique(maintain_order=True).with_row_index("place")
        places = told.join(once, on=there, how="left", nulls_equal=True, maintain_order="left")
        unknown = (
            pl.lit(None, self._schema[name]).alias(name) for name in names if name not in there
        )
        return places["place"], once.select(*there, *unknown).select(names)

    def few(self, rows: Rows, names: Sequence[str]) -> tuple[pl.Series, pl.DataFrame]:
        """The same, for few combinations of several fields."""
        places: defaultdict[Any, int] = defaultdict(count().__next__)
        found = list(map(places.__getitem__, map(attrgetter(*names), rows)))
        columns = list(zip(*places, strict=True)) or [()] * len(names)
        told = pl.DataFrame(
            [pl.Series(name, column, self._schema[name])
             for name, column in zip(names, columns, strict=True)]
        )  # fmt: skip
        return pl.Series("place", found, pl.UInt32), told
