"""The tables of an import in storage."""

from __future__ import annotations

import io

import polars as pl
import pytest
from polars.exceptions import PanicException

from audiospective.clients.storage import DamagedError
from audiospective.imports import records, storing
from audiospective.imports.uploads import Announced, begin
from audiospective.services import Services
from tests import factories


def panicking() -> bytes:
    """A file with one wrong byte, at which Polars does not raise an error of its own."""
    file = io.BytesIO()
    pl.DataFrame({"a": [1, 2, 3] * 100}).write_parquet(file)
    whole = file.getvalue()
    for place in range(100, len(whole)):
        damaged = bytearray(whole)
        damaged[place] ^= 0xFF
        try:
            pl.read_parquet(io.BytesIO(bytes(damaged)))
        except PanicException:
            return bytes(damaged)
        except pl.exceptions.PolarsError:
            continue
    raise AssertionError


def test_a_table_that_polars_gives_up_on_is_damaged(services: Services) -> None:
    row = begin(factories.make_user("alice"), [Announced("endsong_0.json", 1)])
    services.storage.put(f"{storing.home(row)}/tracks.parquet", panicking())
    with pytest.raises(DamagedError, match=r"tracks\.parquet"):
        records.table(services.storage, row, "tracks")
