"""What a member chose and other rows of theirs, back from a bundle: only what fits its column."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from zoneinfo import available_timezones

from peewee import BooleanField, Field, FloatField, IntegerField, TextField

from audiospective.models import User, portable
from audiospective.models.portable import Belonging

Numbers = Mapping[str, Mapping[int, int]]  # ours by the bundle's: tracks, artists, albums


def settings(user: User, told: Mapping[str, Any], name: str | None) -> None:
    """Write what the bundle says of columns that there are here; what does not fit stays."""
    values = {
        one.name: told[one.name]
        for one in portable.settings()
        if one.name in told and _fits(one, told[one.name]) and _is_known(one.name, told[one.name])
    }
    if name and not user.display_name and not user.spotify_account_id:
        values["display_name"] = name
    if values:
        User.update(**values).where(User.id == user.id).execute()


def belongings(user_id: int, told: Mapping[str, Any], numbers: Numbers) -> int:
    """Write rows of other tables; how many. A row that does not fit, or is there, is left out."""
    written = 0
    for one in portable.BELONGINGS:
        for row in told.get(one.name, ()):
            values = _row(one, row, numbers)
            if values is not None:
                made = one.model.insert(**{one.owner: user_id}, **values)
                written += bool(made.on_conflict_ignore().execute())
    return written


def _row(one: Belonging, told: Mapping[str, Any], numbers: Numbers) -> dict[str, Any] | None:
    values = {}
    for column in one.fields:
        value = told.get(column.name)
        for kind in ("tracks", "artists", "albums"):
            if column.name in getattr(one, kind) and value is not None:
                value = numbers[kind].get(value)
                if value is None:
                    return None
        if not _fits(column, value):
            return None
        values[column.name] = value
    return values


def _fits(column: Field, value: object) -> bool:
    if value is None:
        return bool(column.null)
    if isinstance(column, BooleanField):
        return isinstance(value, bool)
    if isinstance(column, IntegerField):
        widest = 2**63 if column.field_type == "BIGINT" else 2**31
        widest = 2**15 if column.field_type == "SMALLINT" else widest
        return type(value) is int and -widest <= value < widest
    if isinstance(column, FloatField):
        return type(value) in (int, float)
    return isinstance(column, TextField) and isinstance(value, str)


def _is_known(name: str, value: object) -> bool:
    if name == "timezone":
        return value in available_timezones()
    if name == "preferences":
        try:
            return isinstance(json.loads(str(value)), dict)
        except (ValueError, RecursionError):
            return False
    return True
