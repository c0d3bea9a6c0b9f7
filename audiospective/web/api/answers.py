"""What every answer to a program has in common."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import orjson
from flask import Response

from audiospective.history.closed import away
from audiospective.web.api.problems import ProblemError

JSON = "application/json"


def of(body: dict[str, Any]) -> Response:
    """A body as JSON; instants are UTC with milliseconds."""
    return whole(Response(orjson.dumps(body, default=_plain), mimetype=JSON))


def whole(response: Response) -> Response:
    """The same, unless years that storage does not give just now are missing from it: half an
    answer looks like a whole one to a program."""
    if years := away.years():
        listed = sorted(years)
        raise ProblemError(
            503, "Some years cannot be read just now. Nothing is lost.", years=listed
        )
    return response


def instant(at: datetime | None) -> str | None:
    """As exports write it."""
    return None if at is None else f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03}Z"


def _plain(value: object) -> object:
    if isinstance(value, frozenset | set | tuple):
        return sorted(value)
    raise TypeError(type(value).__name__)
