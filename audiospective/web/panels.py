"""Panels of a page: one that cannot be worked out says so, and the rest of the page stands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Concatenate, ParamSpec, TypeVar

import polars as pl
from flask import request
from peewee import PeeweeException
from werkzeug.exceptions import HTTPException

from audiospective import log
from audiospective.history.closed.away import YearAwayError
from audiospective.stats.listening import Listening
from audiospective.web.errors import new_reference

P = ParamSpec("P")
T = TypeVar("T")
U = TypeVar("U")

# What concerns the whole page: without its database nothing on it can be told.
_OF_THE_PAGE = (HTTPException, PeeweeException, YearAwayError)


@dataclass(frozen=True)
class Failed:
    """Stands for a panel that could not be made; `reference` finds the reason in the log."""

    reference: str


def made(panel: str, make: Callable[P, T], *params: P.args, **more: P.kwargs) -> T | Failed:
    """What `make` returns, or that it failed, which the log then tells; `panel` is its name there.

    Errors that concern the whole page, such as those of the database, are raised.
    """
    try:
        return make(*params, **more)
    except _OF_THE_PAGE:
        raise
    except Exception as error:  # noqa: BLE001 - whatever one figure raises, the others stand
        reference = new_reference()
        page = str(request.url_rule.rule) if request.url_rule else ""
        log.trouble("panel_failed", error, panel=panel, page=page, reference=reference)
        return Failed(reference)


def figure(
    listening: Listening,
    panel: str,
    make: Callable[Concatenate[pl.DataFrame, P], T],
    *params: P.args,
    **more: P.kwargs,
) -> T | Failed:
    """`listening.figure(make, ...)` as a panel."""
    return made(panel, lambda: listening.figure(make, *params, **more))


def then(panel: str, found: T | Failed, make: Callable[[T], U]) -> U | Failed:
    """The next step of a panel; none after one that failed."""
    return found if isinstance(found, Failed) else made(panel, make, found)
