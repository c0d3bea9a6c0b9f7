"""Numbers in addresses name rows: what no row can be called is no address."""

from __future__ import annotations

from flask import Flask
from werkzeug.routing import IntegerConverter, Map

LARGEST = 2**63 - 1  # of a BIGINT; the databases fail on more


class RowNumber(IntegerConverter):
    """`<int:…>` of every address."""

    def __init__(self, map: Map, *args: int, **bounds: int) -> None:
        super().__init__(map, *args, **{"max": LARGEST, **bounds})  # type: ignore[arg-type]


def install(app: Flask) -> None:
    """Has to come before addresses are made."""
    app.url_map.converters["int"] = RowNumber
