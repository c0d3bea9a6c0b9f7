"""A whole set of values as one parameter: constant statements, however many values there are.

Building a statement with hundreds of placeholders costs more than running it.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import orjson

from audiospective.models import database
from audiospective.models.base import is_sqlite


def select(query: str, values: Collection[int] | Collection[str]) -> list[tuple[Any, ...]]:
    """Run a query in which `{among}` compares with `values`: "SELECT ... WHERE id {among}"."""
    if not values:
        return []
    parameter: Any
    if is_sqlite():
        among, parameter = "IN (SELECT value FROM json_each(?))", as_json(list(values))
    else:
        kind = "int" if isinstance(next(iter(values)), int) else "text"
        among, parameter = f"= ANY(%s::{kind}[])", list(values)
    rows: list[tuple[Any, ...]] = database.execute_sql(
        query.format(among=among), (parameter,)
    ).fetchall()
    return rows


def as_json(values: Any) -> str:
    return orjson.dumps(values).decode()
