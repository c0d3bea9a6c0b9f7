"""Queries whose text is made once: for small ones, making it takes longer than running them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from peewee import SQL, Node, NodeList, Value

from audiospective import clock
from audiospective.models import dialects
from audiospective.models.base import Row, clock_now, is_sqlite

_NOW = "now"  # of the database, while the clock is virtual


@dataclass(frozen=True)
class _Given:
    name: str


def given(name: str) -> Node:
    """Stands in a query for a value that each run gives: of an instant its milliseconds."""
    return Value(_Given(name), converter=False)


def given_list(name: str, kind: str = "bigint") -> Node:
    """Stands for a list of any length, which is one parameter: behind `field.in_`."""
    before, after = dialects.listed(kind).split("?")
    opening = SQL(f"(SELECT value FROM {before}")  # noqa: S608 - a text of ours
    return NodeList((opening, given(name), SQL(f"{after})")), glue="")


class Prepared:
    """A query of `model` that `build` makes, from the database's clock as an expression.

    Nothing in it but what is `given` may differ from one run to the next. Made at the first run
    against a kind of database, and once more under a virtual clock.
    """

    def __init__(self, model: type[Row], build: Callable[[Node], Any]) -> None:
        self._model = model
        self._build = build
        self._made: dict[tuple[bool, bool], tuple[str, list[Any]]] = {}

    def run(self, **values: Any) -> Any:
        """Peewee's raw query with these values: rows of the model, or `.tuples()`."""
        text, places = self._text()
        found = {name: _parameter(value) for name, value in values.items()}
        if clock.is_virtual():
            found[_NOW] = clock.to_ms(clock.now())
        return self._model.raw(
            text, *(found[one.name] if isinstance(one, _Given) else one for one in places)
        )

    def _text(self) -> tuple[str, list[Any]]:
        key = is_sqlite(), clock.is_virtual()
        if key not in self._made:
            now = given(_NOW) if clock.is_virtual() else clock_now()
            self._made[key] = self._build(now).sql()
        return self._made[key]


def _parameter(value: Any) -> Any:
    if isinstance(value, datetime):
        return clock.to_ms(value)
    return dialects.as_list(value) if isinstance(value, list) else value
